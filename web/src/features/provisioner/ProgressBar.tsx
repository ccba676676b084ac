/** How much of a project's work is done, as a bar in the tone of its state. */

import type { Project } from "@/api/contract";
import { useT } from "@/shared/i18n/language";
import { projectLooks } from "@/shared/ui/states";

import classes from "./ProgressBar.module.css";
import { finishedSteps } from "./progress";

interface ProgressBarProps {
  project: Pick<Project, "steps" | "status">;
  /** Without the figures beside it, where they stand elsewhere. */
  bare?: boolean;
}

export function ProgressBar({ project, bare = false }: ProgressBarProps) {
  const t = useT();
  const done = finishedSteps(project.steps);
  const total = project.steps.length;
  const words = t("projects.steps", { done, total });
  return (
    <div className={classes.progress} data-tone={projectLooks[project.status].tone}>
      <div
        className={classes.track}
        role="progressbar"
        aria-label={t("projects.progress")}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        aria-valuetext={words}
      >
        {project.steps.map((step) => (
          <span key={step.number} className={classes.part} data-status={step.status} />
        ))}
      </div>
      {!bare && (
        <span className={`${classes.words} figures`}>
          {done}/{total}
        </span>
      )}
    </div>
  );
}
