/** The log of one project as React sees it. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";

import { socketAddress } from "@/api/client";

import { refreshProject } from "../queries";
import { LogStream, type LogSnapshot } from "./log-stream";

/** `running` says that the project is being worked on: a log that had ended is then opened again. */
export function useLog(projectId: string, running: boolean): LogSnapshot {
  const client = useQueryClient();
  const [stream] = useState(() => {
    const refresh = () => void refreshProject(client, projectId);
    return new LogStream(
      {
        address: (after) => socketAddress(`/ws/logs/${projectId}`, { after: String(after) }),
        open: (url) => new WebSocket(url),
        later: (run, milliseconds) => void setTimeout(run, milliseconds),
      },
      { onSteps: refresh, onEnd: refresh },
    );
  });
  useEffect(() => {
    stream.start();
    return () => stream.stop();
  }, [stream]);
  useEffect(() => {
    if (running) stream.start();
  }, [stream, running]);
  return useSyncExternalStore(stream.subscribe, stream.snapshot);
}
