"""What makes the relations of a build: DuckDB on one machine, or Spark on many."""
