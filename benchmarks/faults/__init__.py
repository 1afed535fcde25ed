"""What faults cost: processes killed, disks filled, files damaged and taken away, and what was lost."""
