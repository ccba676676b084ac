"""Events of this and other services, and timers, turned into commands of this one."""
