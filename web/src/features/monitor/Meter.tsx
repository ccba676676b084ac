/** A share as figure and bar; above three quarters it draws attention, above nine tenths it warns. */

import classes from "./Meter.module.css";

export function Meter({ label, percent }: { label: string; percent: number | null }) {
  if (percent === null) return <span className={classes.none}>—</span>;
  const rounded = Math.round(percent);
  const tone = rounded >= 90 ? "bad" : rounded >= 75 ? "notice" : "busy";
  return (
    <span className={classes.meter} data-tone={tone}>
      <span className="figures">{rounded}%</span>
      <span className={classes.track} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={rounded}>
        <span className={classes.fill} style={{ width: `${Math.min(100, rounded)}%` }} />
      </span>
    </span>
  );
}
