"""What runs the SQL between staged lines and tables: here (`local`) or on a cluster (`spark`)."""
