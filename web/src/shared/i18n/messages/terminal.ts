/** The shell in the browser. */

import type { Messages } from "../entry";

export const terminalMessages = {
  "terminal.title": ["Terminal on {name}", "{name} 터미널"],
  "terminal.connecting": ["Connecting", "연결 중"],
  "terminal.connected": ["Connected", "연결됨"],
  "terminal.closed": ["Closed", "연결 종료"],
  "terminal.exited": ["The shell ended with status {status}.", "셸이 상태 {status}(으)로 종료되었습니다."],
  "terminal.lost": ["The connection was lost.", "연결이 끊어졌습니다."],
  "terminal.reconnect": ["Reconnect", "다시 연결"],
  "terminal.search": ["Search", "검색"],
  "terminal.searchLabel": ["Search in the terminal", "터미널에서 검색"],
  "terminal.closeSearch": ["Close search", "검색 닫기"],
  "terminal.copy": ["Copy selection", "선택 영역 복사"],
  "terminal.paste": ["Paste", "붙여넣기"],
  "terminal.copyHint": ["Ctrl+Shift+C and Ctrl+Shift+V copy and paste.", "Ctrl+Shift+C, Ctrl+Shift+V로 복사하고 붙여넣습니다."],
  "terminal.latency": ["Response in {ms} ms", "응답 {ms}ms"],
  "terminal.region": ["Terminal", "터미널"],
  "terminal.authTitle": ["Sign in to {name}", "{name} 로그인"],
  "terminal.authBody": [
    "This machine does not let the platform in. Use an account of the machine itself.",
    "이 서버는 플랫폼의 접속을 허용하지 않습니다. 서버 자체의 계정을 사용하세요.",
  ],
  "terminal.authSubmit": ["Connect", "접속"],
} as const satisfies Messages;
