-- What waits, while one release is loaded and summarised, in a file of its own that SQLite may spill
-- to disk.

CREATE TEMP TABLE held (release_id TEXT);

-- What lines are counted under, in our words and as published.
CREATE TEMP TABLE facets (
    facets INTEGER PRIMARY KEY, month TEXT,
    framework TEXT, lot TEXT, sector TEXT, supplier_size TEXT,
    framework_published TEXT, lot_published TEXT, sector_published TEXT,
    supplier_size_published TEXT
);

-- The release's lines in the order of the file.
CREATE TEMP TABLE staged (
    line_number INTEGER, base_id TEXT, facets INTEGER, supplier_name_id INTEGER,
    buyer_name_id INTEGER, description TEXT, amount_pence INTEGER
);

-- The same with their ids, in the order of these.
CREATE TEMP TABLE lines (
    spend_id TEXT, base_id TEXT, line_number INTEGER, facets INTEGER, supplier_name_id INTEGER,
    buyer_name_id INTEGER, description TEXT, amount_pence INTEGER
);

-- Their number and sum by all that cubes are made of.
CREATE TEMP TABLE sums (
    facets INTEGER, supplier_name_id INTEGER, buyer_name_id INTEGER, line_count INTEGER,
    amount_pence INTEGER
);

-- Lines of releases that this one adds to, where a feed does not restate its history.
CREATE TEMP TABLE added_to (base_id TEXT PRIMARY KEY, line_count INTEGER NOT NULL) WITHOUT ROWID;
