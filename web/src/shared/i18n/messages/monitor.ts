/** The dashboard, machines and their figures. */

import type { Messages } from "../entry";

export const monitorMessages = {
  "dashboard.title": ["Dashboard", "대시보드"],
  "dashboard.hello": ["Hello, {name}", "{name}님, 안녕하세요"],
  "dashboard.projects": ["My projects", "내 프로젝트"],
  "dashboard.allProjects": ["Projects", "프로젝트"],
  "dashboard.all": ["All projects", "모든 프로젝트"],
  "dashboard.activity": ["Recent activity", "최근 활동"],
  "dashboard.waiting": [
    "{count} {count|account waits|accounts wait} for your approval.",
    "승인을 기다리는 계정이 {count}개 있습니다.",
  ],
  "dashboard.review": ["Review", "확인"],
  "machines.title": ["Machines", "서버"],
  "machines.machine": ["Machine", "서버"],
  "machines.state": ["State", "상태"],
  "machines.project": ["Project", "프로젝트"],
  "machines.owner": ["Owner", "소유자"],
  "machines.cpu": ["CPU", "CPU"],
  "machines.memory": ["Memory", "메모리"],
  "machines.disk": ["Disk", "디스크"],
  "machines.health": ["Health", "응답"],
  "machines.up": ["Up", "정상"],
  "machines.down": ["Down", "응답 없음"],
  "machines.unknown": ["No figures", "지표 없음"],
  "machines.filter": ["Filter by name, address, owner", "이름, 주소, 소유자로 필터"],
  "machines.empty": ["You have no machines yet", "아직 서버가 없습니다"],
  "machines.emptyBody": [
    "Start a project: its machines appear here with their figures.",
    "프로젝트를 시작하면 서버와 지표가 여기에 표시됩니다.",
  ],
  "machines.prometheusDown": ["No figures at the moment", "지금은 지표를 볼 수 없습니다"],
  "machines.prometheusDownBody": [
    "Prometheus does not answer. The machines themselves are not affected; the figures come back by themselves.",
    "Prometheus가 응답하지 않습니다. 서버 자체에는 영향이 없으며 지표는 자동으로 다시 표시됩니다.",
  ],
  "machines.sampled": ["Measured {time}", "{time} 측정"],
  "machines.percent": ["{metric}: {percent} %", "{metric}: {percent}%"],
  "machine.address": ["Address", "주소"],
  "machine.range": ["Time range", "기간"],
  "machine.1h": ["1 hour", "1시간"],
  "machine.24h": ["24 hours", "24시간"],
  "machine.7d": ["7 days", "7일"],
  "machine.chart": [
    "{metric}, last {range}: now {now} %, highest {highest} %",
    "{metric}, 최근 {range}: 현재 {now}%, 최고 {highest}%",
  ],
  "machine.noHistory": ["No measurements in this time.", "이 기간의 측정값이 없습니다."],
  "machine.now": ["now", "현재"],
  "machine.highest": ["highest", "최고"],
} as const satisfies Messages;
