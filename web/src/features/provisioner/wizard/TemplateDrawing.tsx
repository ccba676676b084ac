/** A template's machines as a small drawing: a column for each role, a line for what speaks to what. */

import type { Template } from "@/api/contract";
import { useT } from "@/shared/i18n/language";

import classes from "./TemplateDrawing.module.css";

const COLUMN = 74;
const ROW = 34;
const BOX = { width: 34, height: 24 };

interface Place {
  x: number;
  y: number;
}

export function TemplateDrawing({ roles }: { roles: Template["roles"] }) {
  const t = useT();
  const tallest = Math.max(1, ...roles.map(({ count }) => count));
  const height = tallest * ROW;
  const columns = roles.map((role, column) => places(role.count, column, height));
  const words = t("wizard.drawing", { roles: roles.map(({ name, count }) => `${count} × ${name}`).join(", ") });
  return (
    <svg
      className={classes.drawing}
      viewBox={`0 0 ${Math.max(1, roles.length) * COLUMN} ${height + 20}`}
      role="img"
      aria-label={words}
      style={{ maxWidth: roles.length * COLUMN * 1.15 }}
    >
      {neighbours(columns).map(([from, to]) => (
        <Line key={`${from.x},${from.y},${to.y}`} from={from} to={to} />
      ))}
      {columns.flat().map((place) => (
        <Box key={`${place.x},${place.y}`} place={place} />
      ))}
      {roles.map((role, column) => (
        <text key={role.name} className={classes.role} x={column * COLUMN + COLUMN / 2} y={height + 13} textAnchor="middle">
          {role.name}
        </text>
      ))}
    </svg>
  );
}

function places(count: number, column: number, height: number): Place[] {
  const top = (height - count * ROW) / 2;
  return Array.from({ length: count }, (_, row) => ({ x: column * COLUMN + COLUMN / 2, y: top + row * ROW + ROW / 2 }));
}

/** Every machine of a role speaks to every one of the next. */
function neighbours(columns: Place[][]): [Place, Place][] {
  return columns.slice(1).flatMap((column, index) =>
    (columns[index] ?? []).flatMap((from) => column.map((to): [Place, Place] => [from, to])),
  );
}

function Line({ from, to }: { from: Place; to: Place }) {
  const [start, end] = [from.x + BOX.width / 2, to.x - BOX.width / 2];
  const middle = (start + end) / 2;
  return <path className={classes.line} d={`M${start} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${end} ${to.y}`} />;
}

function Box({ place: { x, y } }: { place: Place }) {
  const [left, top] = [x - BOX.width / 2, y - BOX.height / 2];
  return (
    <g>
      <rect className={classes.box} x={left} y={top} {...BOX} rx={5} />
      <path className={classes.slot} d={`M${left + 7} ${y - 4}h13M${left + 7} ${y + 4}h13`} />
      <circle className={classes.light} cx={left + 27} cy={y - 4} r={1.7} />
      <circle className={classes.light} cx={left + 27} cy={y + 4} r={1.7} />
    </g>
  );
}
