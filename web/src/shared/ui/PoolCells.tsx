/** The pool at a glance: a coloured cell with a sign for each machine, and a legend with the counts. */

import { Text, Tooltip } from "@mantine/core";

import type { Machine, PoolCounts } from "@/api/contract";
import { useT } from "@/shared/i18n/language";

import classes from "./PoolCells.module.css";
import { CELLS_AT_MOST, poolSize, scaledCells } from "./pool-scale";
import { machineLooks, poolOrder } from "./states";

type Cell = Pick<Machine, "id" | "name" | "status">;

interface PoolCellsProps {
  /** They may still be coming, page by page. */
  machines: readonly Cell[];
  counts: PoolCounts;
}

export function PoolCells({ machines, counts }: PoolCellsProps) {
  if (poolSize(counts) > CELLS_AT_MOST) return <ScaledPoolCells counts={counts} />;
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

/** The legend says the exact numbers, so the cells are only for the eye. */
function ScaledPoolCells({ counts }: { counts: PoolCounts }) {
  const t = useT();
  const { each, cells } = scaledCells(counts);
  return (
    <div>
      <ul className={classes.scaled} aria-hidden>
        {cells.flatMap(({ status, cells: number }) =>
          Array.from({ length: number }, (_, index) => (
            <li key={`${status}${index}`} className={classes.small} data-tone={machineLooks[status].tone} />
          )),
        )}
      </ul>
      <Text size="xs" c="var(--text-soft)" mt={8}>
        {t("pool.scaled", { count: each })}
      </Text>
    </div>
  );
}

export function PoolLegend({ counts }: { counts: PoolCounts }) {
  const t = useT();
  return (
    <div className={classes.legends}>
      {poolOrder
        .map((status) => ({ status, count: status === "retired" ? 0 : (counts[status] ?? 0) }))
        .filter(({ count }) => count > 0)
        .map(({ status, count }) => (
          <span key={status} className={classes.legend} data-tone={machineLooks[status].tone}>
            <span className={classes.dot} aria-hidden />
            {t(machineLooks[status].label)} <b className="figures">{count.toLocaleString()}</b>
          </span>
        ))}
    </div>
  );
}
