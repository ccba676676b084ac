"""Print the events of a subject as they come, and go on where the last run of this name stopped."""

import asyncio
import json
import os
import sys

import nats
from nats.js.api import ConsumerConfig


async def main(name: str, subject: str = "hcmp.*.*.*") -> None:
    client = await nats.connect(os.environ["NATS_URL"], user="consumer", password=os.environ["NATS_PASSWORD"])
    jetstream = client.jetstream()
    kept = ConsumerConfig(durable_name=name, filter_subject=subject, ack_wait=10)
    await jetstream.add_consumer("EVENTS", kept)
    events = await jetstream.pull_subscribe_bind(name, stream="EVENTS")
    while True:
        try:
            [message] = await events.fetch(1, timeout=10)
        except nats.errors.TimeoutError:
            continue  # nothing new
        event = json.loads(message.data)  # a CloudEvent
        print(message.metadata.sequence.stream, event["time"], event["type"], event["data"], flush=True)
        await message.ack()  # from here on it is not sent again


asyncio.run(main(*sys.argv[1:]))
