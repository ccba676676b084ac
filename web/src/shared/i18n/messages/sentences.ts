/** Events told as sentences with their figures: `said.<aggregate>.<verb>`; more than one where they differ. */

import type { Messages } from "../entry";

export const sentenceMessages = {
  "said.project.requested": ["The project was requested with the template {template}.", "{template} 템플릿으로 프로젝트를 요청했습니다."],
  "said.project.requested.dry": ["A dry run of the template {template} was requested.", "{template} 템플릿의 모의 실행을 요청했습니다."],
  "said.project.approved": ["The request was approved.", "요청을 승인했습니다."],
  "said.project.admitted": ["Nothing but free machines is needed now.", "이제 서버만 배정되면 시작할 수 있습니다."],
  "said.project.rejected": ["The request was rejected: {detail}", "요청이 거절되었습니다: {detail}"],
  "said.project.rejected.not-approved": ["The request was not approved: {detail}", "요청을 승인하지 않았습니다: {detail}"],
  "said.project.rejected.insufficient-capacity": [
    "The request was rejected: {needed} {needed|machine|machines} needed, {available} free.",
    "요청이 거절되었습니다: 서버 {needed}대가 필요하지만 {available}대만 사용할 수 있습니다.",
  ],
  "said.project.provisioning-started": ["A worker began the run.", "작업자가 실행을 시작했습니다."],
  "said.project.provisioning-started.anew": ["A worker began attempt {attempt}.", "작업자가 {attempt}번째 시도를 시작했습니다."],
  "said.project.provisioning-started.on": [
    "A worker took up the run at step {step}, attempt {attempt}.",
    "작업자가 {step}단계부터 실행을 이어받았습니다({attempt}번째 시도).",
  ],
  "said.project.step-started": ["Step {number} began: {name}.", "{number}단계 시작: {name}."],
  "said.project.step-succeeded": ["Step {number} is done: {name}.", "{number}단계 완료: {name}."],
  "said.project.step-failed": ["Step {number} failed: {name}.", "{number}단계 실패: {name}."],
  "said.project.step-failed.on": ["Step {number} failed on {machines}: {name}.", "{machines}에서 {number}단계 실패: {name}."],
  "said.project.provisioned": ["All steps are done: the project is ready.", "모든 단계를 마쳤습니다. 프로젝트를 사용할 수 있습니다."],
  "said.project.provisioned.dry": ["The dry run is over; nothing was changed.", "모의 실행이 끝났습니다. 변경된 것은 없습니다."],
  "said.project.provisioning-failed": ["The run failed.", "실행이 실패했습니다."],
  "said.project.provisioning-failed.at": ["The run failed at step {step}.", "{step}단계에서 실행이 실패했습니다."],
  "said.project.provisioning-failed.held": [
    "The run failed at step {step}; its machines are kept until {time}.",
    "{step}단계에서 실행이 실패했습니다. 서버는 {time}까지 보유합니다.",
  ],
  "said.project.hold-ended": [
    "Nobody retried in time: the machines went back to the pool.",
    "제때 다시 시도하지 않아 서버가 풀로 돌아갔습니다.",
  ],
  "said.project.cancel-requested": ["Cancelling the run was asked for.", "실행 취소를 요청했습니다."],
  "said.project.cancelled": [
    "The run was cancelled with {count} {count|step|steps} done.",
    "{count}단계를 마친 상태에서 실행이 취소되었습니다.",
  ],
  "said.project.retry-requested": [
    "Attempt {attempt} was asked for, on fresh machines.",
    "새 서버에서 {attempt}번째 시도를 요청했습니다.",
  ],
  "said.project.retry-requested.same": [
    "Attempt {attempt} was asked for, on the same machines.",
    "같은 서버에서 {attempt}번째 시도를 요청했습니다.",
  ],
  "said.project.retry-requested.lost": [
    "Attempt {attempt} was asked for; {count} unreachable {count|machine is|machines are} replaced.",
    "{attempt}번째 시도를 요청했습니다. 연결할 수 없는 서버 {count}대를 교체합니다.",
  ],
  "said.project.lease-extended": ["The lease was extended to {time}.", "임대를 {time}까지 연장했습니다."],
  "said.project.lease-warning": [
    "The lease ends in {hours} {hours|hour|hours}, at {time}.",
    "{hours}시간 후인 {time}에 임대가 끝납니다.",
  ],
  "said.project.lease-expired": ["The lease ended.", "임대가 만료되었습니다."],
  "said.project.teardown-started": ["The machines are being cleared for the pool.", "서버를 정리해 풀로 돌려보내고 있습니다."],
  "said.project.deleted": ["The project is deleted.", "프로젝트가 삭제되었습니다."],
  "said.project.machine-lost": ["The machine {machine} is gone: {reason}", "{machine} 서버가 사라졌습니다: {reason}"],
  "said.vm.drifted": ["{what} changed outside the platform: {before} → {after}", "플랫폼 밖에서 {what} 변경: {before} → {after}"],
  "said.allocation.granted": ["Machines were granted.", "서버가 배정되었습니다."],
  "said.allocation.granted.machines": ["Machines were granted: {machines}.", "서버가 배정되었습니다: {machines}."],
  "said.allocation.queued": [
    "Waits for machines: {needed} needed, {available} free.",
    "서버를 기다립니다: {needed}대 필요, {available}대 사용 가능.",
  ],
  "said.allocation.denied": [
    "Too few machines: {needed} needed, {available} free.",
    "서버 부족: {needed}대 필요, {available}대 사용 가능.",
  ],
  "said.allocation.released": ["The machines were given back.", "서버를 반납했습니다."],
} as const satisfies Messages;
