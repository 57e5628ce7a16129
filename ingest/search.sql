-- Full-text search, made when every row is there. Datasette finds a table's search by `content=[…]`.

-- columnsize=0: how long each text is only matters where results are ordered by rank, and nobody
-- does that; it takes as much room again as the words. detail stays full: a word such as co-op is
-- looked for as a phrase of two, which detail=none refuses.
CREATE VIRTUAL TABLE spend_fts USING fts5 (
    description, tokenize='porter unicode61 remove_diacritics 2', content=[spend], columnsize=0
);
INSERT INTO spend_fts (rowid, description) SELECT rowid, description FROM spend_keyed;

CREATE VIRTUAL TABLE suppliers_fts USING fts5 (
    name, tokenize='unicode61 remove_diacritics 2', content=[suppliers], columnsize=0
);
INSERT INTO suppliers_fts (rowid, name) SELECT rowid, name FROM suppliers;

CREATE VIRTUAL TABLE buyers_fts USING fts5 (
    name, tokenize='unicode61 remove_diacritics 2', content=[buyers], columnsize=0
);
INSERT INTO buyers_fts (rowid, name) SELECT rowid, name FROM buyers;
