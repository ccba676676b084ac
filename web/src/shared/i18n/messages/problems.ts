/** What went wrong and what to try, by the problem's slug; for others the service's own words are shown. */

import type { Messages } from "../entry";

export const problemMessages = {
  "problem.unreachable": ["The platform does not answer", "플랫폼이 응답하지 않습니다"],
  "problem.unreachable.try": [
    "Check your connection. If a service is being restarted it is back within seconds.",
    "네트워크 연결을 확인하세요. 서비스가 재시작 중이라면 몇 초 안에 복구됩니다.",
  ],
  "problem.unexpected": ["Something unexpected happened", "예기치 않은 오류가 발생했습니다"],
  "problem.unexpected.try": ["Try again. If it stays, tell your operator.", "다시 시도해 보고, 계속되면 운영자에게 알려 주세요."],
  "problem.invalid-credentials": ["Username or password is wrong", "사용자 이름 또는 비밀번호가 올바르지 않습니다"],
  "problem.invalid-credentials.try": ["Check capital letters and try again.", "대소문자를 확인하고 다시 입력하세요."],
  "problem.account-pending": ["Your account waits for approval", "계정 승인을 기다리고 있습니다"],
  "problem.account-pending.try": ["An operator has to approve it first.", "운영자의 승인이 필요합니다."],
  "problem.account-suspended": ["Your account is suspended", "계정이 정지되었습니다"],
  "problem.account-suspended.try": ["Ask your operator.", "운영자에게 문의하세요."],
  "problem.too-many-attempts": ["Too many attempts", "시도 횟수가 너무 많습니다"],
  "problem.too-many-attempts.try": ["Wait a little, then try again.", "잠시 기다린 후 다시 시도하세요."],
  "problem.username-taken": ["This username is taken", "이미 사용 중인 사용자 이름입니다"],
  "problem.username-taken.try": ["Choose another one.", "다른 이름을 입력하세요."],
  "problem.insufficient-capacity": ["Not enough free machines", "사용 가능한 서버가 부족합니다"],
  "problem.insufficient-capacity.try": [
    "Choose a smaller template, delete a project you no longer need, or wait until machines are returned.",
    "더 작은 템플릿을 고르거나, 필요 없는 프로젝트를 삭제하거나, 서버가 반납될 때까지 기다려 주세요.",
  ],
  "problem.quota-exceeded": ["Your quota does not allow this many machines", "할당량을 초과했습니다"],
  "problem.quota-exceeded.try": [
    "Delete a project you no longer need, or ask your operator for a larger quota.",
    "필요 없는 프로젝트를 삭제하거나 운영자에게 할당량 증설을 요청하세요.",
  ],
  "problem.maintenance": ["The platform is under maintenance", "플랫폼 점검 중입니다"],
  "problem.maintenance.try": ["New projects can be started again when it is over.", "점검이 끝나면 새 프로젝트를 시작할 수 있습니다."],
  "problem.not-found": ["Not found", "찾을 수 없습니다"],
  "problem.not-found.try": ["It may have been deleted, or it belongs to someone else.", "삭제되었거나 다른 사용자의 것일 수 있습니다."],
  "problem.forbidden": ["Your role does not allow this", "권한이 없습니다"],
  "problem.forbidden.try": ["Ask an operator.", "운영자에게 문의하세요."],
  "problem.unauthenticated": ["Please sign in again", "다시 로그인해 주세요"],
  "problem.unauthenticated.try": ["Your session has ended.", "세션이 만료되었습니다."],
  "problem.vm-unreachable": ["The machine cannot be reached", "서버에 연결할 수 없습니다"],
  "problem.vm-unreachable.try": [
    "Check address, port and user, and that SSH answers from here.",
    "주소, 포트, 사용자를 확인하고 이곳에서 SSH 접속이 되는지 확인하세요.",
  ],
  "problem.host-key-mismatch": ["The machine shows another host key than the pinned one", "서버의 호스트 키가 고정된 키와 다릅니다"],
  "problem.host-key-mismatch.try": [
    "Someone may be in between, or the machine was rebuilt. The connection was refused; an operator can recycle the machine.",
    "중간자 공격이거나 서버가 다시 만들어졌을 수 있습니다. 연결을 거부했으며, 운영자가 서버를 초기화할 수 있습니다.",
  ],
} as const satisfies Messages;
