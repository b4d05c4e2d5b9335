"""History: read by several processes, it is the same as read by one."""
