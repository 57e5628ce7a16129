-- Whether the edition has a table or view of that name: places are not in every edition.
SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name = :name
