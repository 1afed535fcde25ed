"""Results to take out: charts, pictures, tables and a printable page, the same for the dashboard and the shell."""
