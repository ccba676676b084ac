/** The pool at a glance: a coloured cell with a sign for each machine, and a legend with the counts. */

import { Tooltip } from "@mantine/core";

import type { Machine } from "@/api/contract";
import { useT } from "@/shared/i18n/language";

import classes from "./PoolCells.module.css";
import { machineLooks, poolOrder } from "./states";

type Cell = Pick<Machine, "id" | "name" | "status">;

export function PoolCells({ machines }: { machines: readonly Cell[] }) {
  return (
    <ul className={classes.cells}>
      {machines.map((machine) => (
        <PoolCell key={machine.id} machine={machine} />
      ))}
    </ul>
  );
}

function PoolCell({ machine }: { machine: Cell }) {
  const t = useT();
  const look = machineLooks[machine.status];
  const Icon = look.icon;
  const words = t("pool.cell", { name: machine.name, status: t(look.label) });
  return (
    <Tooltip label={words}>
      <li className={classes.cell} data-tone={look.tone}>
        <Icon size={15} stroke={2} aria-hidden className={look.turning ? "turning" : undefined} />
        <span className="visually-hidden">{words}</span>
      </li>
    </Tooltip>
  );
}

export function PoolLegend({ counts }: { counts: Partial<Record<string, number>> }) {
  const t = useT();
  return (
    <div className={classes.legends}>
      {poolOrder
        .filter((status) => (counts[status] ?? 0) > 0)
        .map((status) => (
          <span key={status} className={classes.legend} data-tone={machineLooks[status].tone}>
            <span className={classes.dot} aria-hidden />
            {t(machineLooks[status].label)} <b className="figures">{counts[status]}</b>
          </span>
        ))}
    </div>
  );
}
