-- The edition that this database is. One row.
SELECT edition_id, title, illustrative, newest_month FROM editions
