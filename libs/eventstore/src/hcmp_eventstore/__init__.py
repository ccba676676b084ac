"""An event store on NATS JetStream: append, load, decide, project, react."""
