/** Stays at the end of the log until the reader scrolls away, and again once they are back at the end. */

import { useLayoutEffect, useState, type KeyboardEvent, type RefObject, type WheelEvent } from "react";

const NEAR_END = 24;
const UPWARDS = new Set(["ArrowUp", "PageUp", "Home"]);

/** `height` is the log's whole height: it grows with new rows, and once more when they have been measured. */
export function useFollow(scroller: RefObject<HTMLDivElement | null>, height: number) {
  const [follow, setFollow] = useState(true);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (follow) box?.scrollTo({ top: box.scrollHeight });
  }, [follow, height, scroller]);
  const atEnd = () => {
    const box = scroller.current;
    return box !== null && box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
  };
  const handlers = {
    onWheel: (event: WheelEvent) => event.deltaY < 0 && setFollow(false),
    onTouchMove: () => setFollow(atEnd()),
    onPointerUp: () => setFollow(atEnd()),
    onKeyDown: (event: KeyboardEvent) => UPWARDS.has(event.key) && setFollow(false),
    onScroll: () => {
      if (!follow && atEnd()) setFollow(true);
    },
  };
  return { follow, setFollow, handlers };
}
