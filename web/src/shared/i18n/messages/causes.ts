/** What exactly is wrong with a machine that was not taken, by the cause's slug; a column may have its own words. */

import type { Messages } from "../entry";

export const causeMessages = {
  "cause.no-answer": ["{host}:{port} does not answer in time.", "{host}:{port}에서 제때 응답하지 않습니다."],
  "cause.connection-refused": ["Nothing listens at {host}:{port}.", "{host}:{port}에서 연결을 받는 서비스가 없습니다."],
  "cause.no-route": ["There is no way to {host}:{port} from here.", "이곳에서 {host}:{port}까지 가는 경로가 없습니다."],
  "cause.no-ssh": ["{host}:{port} does not answer as an SSH server.", "{host}:{port}에서 SSH 서버로 응답하지 않습니다."],
  "cause.address-unresolved": ["The name {address} cannot be resolved.", "{address}의 주소를 찾을 수 없습니다."],
  "cause.address-metadata-service": ["{address} is a cloud's metadata service.", "{address}은(는) 클라우드 메타데이터 서비스입니다."],
  "cause.address-loopback": ["{address} is the platform's own computer.", "{address}은(는) 플랫폼 자신의 주소입니다."],
  "cause.address-no-address": ["{address} is no machine's address.", "{address}은(는) 서버 주소로 쓸 수 없습니다."],
  "cause.address-link-local": ["{address} is a link-local address.", "{address}은(는) 링크 로컬 주소입니다."],
  "cause.address-multicast": ["{address} is a multicast address.", "{address}은(는) 멀티캐스트 주소입니다."],
  "cause.address-reserved": ["{address} is a reserved address.", "{address}은(는) 예약된 주소입니다."],
  "cause.name-taken": ["The pool has a machine named {name}.", "풀에 {name} 서버가 이미 있습니다."],
  "cause.row-name-twice": ["The name stands in row {row} already.", "{row}행에 같은 이름이 있습니다."],
  "cause.row-too-long": ["The row has more cells than there are columns.", "열보다 셀이 많습니다."],
  "cause.row-two-secrets": ["A machine has a password or a private key, not both.", "비밀번호와 개인 키 중 하나만 입력하세요."],
  "cause.row-missing": ["{column} is empty.", "{column} 값이 비어 있습니다."],
  "cause.row-extra-forbidden": ["There is no column {column}.", "{column} 열은 사용할 수 없습니다."],
  "cause.row-int-parsing": ["{column} is no whole number.", "{column} 값이 정수가 아닙니다."],
  "cause.row-int-type": ["{column} is no whole number.", "{column} 값이 정수가 아닙니다."],
  "cause.row-int-from-float": ["{column} is no whole number.", "{column} 값이 정수가 아닙니다."],
  "cause.row-string-type": ["{column} is no text.", "{column} 값이 텍스트가 아닙니다."],
  "cause.row-greater-than-equal": ["{column} must be {ge} or more.", "{column} 값은 {ge} 이상이어야 합니다."],
  "cause.row-less-than-equal": ["{column} must be {le} or less.", "{column} 값은 {le} 이하여야 합니다."],
  "cause.row-string-too-long": [
    "{column} may have {max_length} characters at most.",
    "{column} 값은 {max_length}자를 넘을 수 없습니다.",
  ],
  "cause.row-string-pattern-mismatch": ["{column} is not of the form that is allowed.", "{column} 값의 형식이 올바르지 않습니다."],
  "cause.row-string-pattern-mismatch.name": [
    "name: small letters, digits and hyphens, 40 at most.",
    "name은 영문 소문자, 숫자, 하이픈만 최대 40자까지 쓸 수 있습니다.",
  ],
  "cause.row-string-pattern-mismatch.address": ["address is no address or host name.", "address가 주소나 호스트 이름이 아닙니다."],
  "cause.row-string-pattern-mismatch.ssh_host": ["ssh_host is no address or host name.", "ssh_host가 주소나 호스트 이름이 아닙니다."],
  "cause.row-value-error": ["{column} is not as it has to be.", "{column} 값이 올바르지 않습니다."],
} as const satisfies Messages;
