"""What only the Listen page shows."""
