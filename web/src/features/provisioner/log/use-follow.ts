/** Stays at the end of the log until the reader scrolls away, and again once they are back at the end. */

import { useEffect, useState, type KeyboardEvent, type RefObject, type WheelEvent } from "react";

const NEAR_END = 24;
const UPWARDS = new Set(["ArrowUp", "PageUp", "Home"]);

export function useFollow(scroller: RefObject<HTMLDivElement | null>, count: number, toEnd: () => void) {
  const [follow, setFollow] = useState(true);
  useEffect(() => {
    if (follow && count > 0) toEnd();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- toEnd is made anew on each render
  }, [follow, count]);
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
