"""Events of this and other services, turned into commands of this one."""
