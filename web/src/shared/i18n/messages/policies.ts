/** The policies of the pool. */

import type { Messages } from "../entry";

export const policyMessages = {
  "policy.title": ["Policies", "풀 정책"],
  "policy.hint": [
    "A policy keeps a number of machines ready: the platform makes what is missing and never goes beyond the maximum.",
    "정책은 준비된 서버 수를 유지합니다. 부족하면 플랫폼이 서버를 만들고, 최대 대수를 넘지 않습니다.",
  ],
  "policy.empty": ["No policy yet", "아직 정책이 없습니다"],
  "policy.add": ["New policy", "새 정책"],
  "policy.changeOf": ["Change the policy {name}", "{name} 정책 변경"],
  "policy.removeOf": ["Remove the policy {name}", "{name} 정책 삭제"],
  "policy.remove": ["Remove", "삭제"],
  "policy.removeBody": [
    "Nobody keeps machines ready for it any more. Its {count} {count|machine stays|machines stay} in the pool.",
    "더 이상 서버가 자동으로 준비되지 않습니다. 서버 {count}대는 풀에 그대로 남습니다.",
  ],
  "policy.removed": ["The policy {name} is removed.", "{name} 정책이 삭제되었습니다."],
  "policy.saved": ["The policy {name} is saved.", "{name} 정책이 저장되었습니다."],
  "policy.docker": ["Lab machines on this computer", "이 컴퓨터의 실습용 서버"],
  "policy.vsphere": ["Clones in vCenter", "vCenter 복제 서버"],
  "policy.minimum": ["Ready at least", "최소 준비 대수"],
  "policy.maximum": ["In all at most", "전체 최대 대수"],
  "policy.overMaximum": ["Less than what has to be ready", "최소 준비 대수보다 작습니다"],
  "policy.labelsHint": [
    "Machines with these labels count, and new ones carry them. None: every machine of the provider.",
    "이 레이블을 가진 서버를 세며 새 서버에도 붙습니다. 비우면 제공 방식의 모든 서버가 대상입니다.",
  ],
  "policy.nameBad": ["Small letters, digits and dashes, at most 40", "소문자, 숫자, 하이픈으로 40자 이내"],
  "policy.nameTaken": ["There is a policy of this name", "같은 이름의 정책이 있습니다"],
  "policy.ready": ["{ready} ready of at least {minimum}", "최소 {minimum}대 중 {ready}대 준비됨"],
  "policy.coming": ["{count} coming", "{count}대 준비 중"],
  "policy.total": ["{total} in all, at most {maximum}", "전체 {total}대, 최대 {maximum}대"],
  "policy.failing": ["Could not make machines, {count} {count|time|times} in a row", "서버를 만들지 못했습니다(연속 {count}회)"],
  "policy.suspended": ["Suspended: machines cannot be made", "일시 중단: 서버를 만들 수 없습니다"],
  "policy.retry": ["Tried again at {time}", "{time}에 다시 시도합니다"],
  "problem.policy-exists": ["There is a policy of this name", "같은 이름의 정책이 있습니다"],
  "problem.policy-exists.try": [
    "Somebody else has just made it: look at it in the list, or choose another name.",
    "다른 사용자가 방금 만들었습니다. 목록에서 확인하거나 다른 이름을 쓰세요.",
  ],
} as const satisfies Messages;
