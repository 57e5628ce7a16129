-- The tables of an edition. Money is integer pence; unknown is null; a month is its first day.
-- Descriptions of every table and column are in metadata.yml.
--
-- Where rows are many, whole numbers stand for what they name: a table NAME_keyed is asked as the view
-- NAME, in which each of its columns X_key is X_id. A key says nothing outside its edition.

CREATE TABLE editions (
    edition_id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    illustrative INTEGER NOT NULL,
    newest_month TEXT NOT NULL
);

CREATE TABLE feeds (
    feed_id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    publisher TEXT NOT NULL,
    licence TEXT NOT NULL,
    attribution TEXT NOT NULL,
    provenance TEXT,
    cadence TEXT NOT NULL,
    vat TEXT NOT NULL,
    restates_history INTEGER NOT NULL
);

CREATE TABLE releases (
    release_key INTEGER PRIMARY KEY,
    release_id TEXT NOT NULL UNIQUE,
    feed_id TEXT NOT NULL REFERENCES feeds(feed_id),
    position INTEGER NOT NULL,
    newest_month TEXT NOT NULL,
    oldest_month TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    is_current INTEGER NOT NULL,
    published_date TEXT,
    fetched_at TEXT NOT NULL,
    url TEXT NOT NULL,
    filename TEXT NOT NULL,
    byte_count INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    etag TEXT,
    last_modified TEXT,
    provenance TEXT,
    tried_on TEXT NOT NULL,
    encoding TEXT NOT NULL,
    line_ends TEXT NOT NULL,
    heading_line INTEGER NOT NULL,
    headings TEXT NOT NULL,
    unknown_headings TEXT NOT NULL,
    line_count INTEGER NOT NULL,
    blank_count INTEGER NOT NULL,
    loaded_count INTEGER NOT NULL,
    quarantined_count INTEGER NOT NULL,
    unreadable_count INTEGER NOT NULL,
    credit_count INTEGER NOT NULL,
    zero_count INTEGER NOT NULL,
    undescribed_count INTEGER NOT NULL,
    rounded_count INTEGER NOT NULL,
    published_amount TEXT NOT NULL,
    loaded_pence INTEGER NOT NULL,
    quarantined_pence INTEGER NOT NULL,
    rounding_amount TEXT NOT NULL,
    accepted_despite TEXT
);

CREATE TABLE frameworks (
    framework TEXT PRIMARY KEY,
    agreement_number TEXT,
    first_month TEXT,
    family TEXT NOT NULL,
    note TEXT
);

CREATE TABLE lots (
    framework TEXT NOT NULL REFERENCES frameworks(framework),
    lot_number INTEGER NOT NULL,
    lot TEXT NOT NULL,
    last_month TEXT,
    later_lot TEXT NOT NULL,
    later_lot_is TEXT NOT NULL,
    PRIMARY KEY (framework, lot_number)
);

CREATE TABLE categories (
    field TEXT NOT NULL,
    published TEXT NOT NULL,
    name TEXT,
    PRIMARY KEY (field, published)
);

CREATE TABLE withheld (
    subject_id TEXT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    withheld_date TEXT NOT NULL,
    PRIMARY KEY (subject_id, field)
);

CREATE TABLE published_totals (
    feed_id TEXT NOT NULL,
    release_id TEXT NOT NULL,
    sha256 TEXT,
    measure TEXT NOT NULL,
    value TEXT NOT NULL,
    tolerance TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (release_id, measure)
);

CREATE TABLE buyers (
    buyer_key INTEGER PRIMARY KEY,
    buyer_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE suppliers (
    supplier_key INTEGER PRIMARY KEY,
    supplier_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL
);

CREATE TABLE buyer_names (
    buyer_name_id INTEGER PRIMARY KEY,
    published_name TEXT NOT NULL UNIQUE,
    buyer_id TEXT NOT NULL REFERENCES buyers(buyer_id),
    own_id TEXT NOT NULL,
    method TEXT NOT NULL,
    evidence TEXT NOT NULL
);

CREATE TABLE supplier_names (
    supplier_name_id INTEGER PRIMARY KEY,
    published_name TEXT NOT NULL UNIQUE,
    supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    own_id TEXT NOT NULL,
    method TEXT NOT NULL,
    evidence TEXT NOT NULL
);

-- What lines are counted under beside their month, each once.
CREATE TABLE line_categories (
    categories_key INTEGER PRIMARY KEY,
    framework TEXT,
    lot TEXT,
    sector TEXT,
    supplier_size TEXT
);

CREATE TABLE spend_keyed (
    -- Its key; the index that holds it to that is made when every row is there, in a third of the time.
    spend_id TEXT NOT NULL,
    release_key INTEGER NOT NULL REFERENCES releases(release_key),
    line_number INTEGER NOT NULL,
    -- Of the releases that held the line without a break, up to its own: the first one's position.
    first_position INTEGER NOT NULL,
    month TEXT NOT NULL,
    financial_year TEXT NOT NULL GENERATED ALWAYS AS (
        CASE WHEN substr(month, 6, 2) >= '04'
        THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
        ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END) VIRTUAL,
    categories_key INTEGER NOT NULL REFERENCES line_categories(categories_key),
    description TEXT,
    amount_pence INTEGER NOT NULL,
    amount REAL NOT NULL GENERATED ALWAYS AS (amount_pence / 100.0) VIRTUAL,
    supplier_key INTEGER NOT NULL REFERENCES suppliers(supplier_key),
    buyer_key INTEGER NOT NULL REFERENCES buyers(buyer_key),
    -- The very names on the line.
    supplier_name_id INTEGER NOT NULL REFERENCES supplier_names(supplier_name_id),
    buyer_name_id INTEGER NOT NULL REFERENCES buyer_names(buyer_name_id)
);

-- Each run of releases, by their position in the feed, that held a line and ended. The view line_spans
-- has those that go on, too, and release_lines gives them line by line.
CREATE TABLE ended_spans (
    spend_id TEXT NOT NULL,
    feed_id TEXT NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    PRIMARY KEY (spend_id, first_position)
) WITHOUT ROWID;

CREATE TABLE quarantine (
    release_id TEXT NOT NULL REFERENCES releases(release_id),
    line_number INTEGER NOT NULL,
    quarantine_id TEXT NOT NULL,
    field TEXT,
    value TEXT,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    amount_pence INTEGER,
    raw TEXT NOT NULL,
    PRIMARY KEY (release_id, line_number)
);

CREATE TABLE cell_notes (
    release_id TEXT NOT NULL REFERENCES releases(release_id),
    line_number INTEGER NOT NULL,
    field TEXT NOT NULL,
    published TEXT NOT NULL,
    loaded TEXT,
    reason TEXT NOT NULL,
    PRIMARY KEY (release_id, line_number, field)
);

CREATE TABLE published_categories (
    release_id TEXT NOT NULL REFERENCES releases(release_id),
    framework_published TEXT,
    lot_published TEXT,
    sector_published TEXT,
    supplier_size_published TEXT,
    framework TEXT,
    lot TEXT,
    sector TEXT,
    supplier_size TEXT,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL
);

CREATE TABLE release_months (
    release_id TEXT NOT NULL REFERENCES releases(release_id),
    month TEXT NOT NULL,
    framework TEXT,
    lot TEXT,
    sector TEXT,
    supplier_size TEXT,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL
);

CREATE TABLE release_sizes (
    release_id TEXT NOT NULL REFERENCES releases(release_id),
    supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    supplier_size TEXT,
    first_month TEXT NOT NULL,
    last_month TEXT NOT NULL,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL
);

CREATE TABLE changes_keyed (
    release_key INTEGER NOT NULL REFERENCES releases(release_key),
    previous_release_key INTEGER NOT NULL REFERENCES releases(release_key),
    month TEXT NOT NULL,
    supplier_key INTEGER NOT NULL REFERENCES suppliers(supplier_key),
    buyer_key INTEGER NOT NULL REFERENCES buyers(buyer_key),
    before_count INTEGER,
    after_count INTEGER,
    before_pence INTEGER,
    after_pence INTEGER,
    PRIMARY KEY (release_key, month, supplier_key, buyer_key)
) WITHOUT ROWID;

-- Lines of spend added up by buyer, supplier and size: in each month by framework, lot, sector and
-- release, in each financial year by framework, lot and sector, and in all by published names. A
-- sale is a line above nought.
CREATE TABLE pair_months_keyed (
    buyer_key INTEGER NOT NULL REFERENCES buyers(buyer_key),
    supplier_key INTEGER NOT NULL REFERENCES suppliers(supplier_key),
    month TEXT NOT NULL,
    categories_key INTEGER NOT NULL REFERENCES line_categories(categories_key),
    release_key INTEGER NOT NULL REFERENCES releases(release_key),
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    sale_count INTEGER NOT NULL,
    sale_pence INTEGER NOT NULL
);

CREATE TABLE pair_years (
    buyer_id TEXT NOT NULL REFERENCES buyers(buyer_id),
    supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    financial_year TEXT NOT NULL,
    framework TEXT,
    lot TEXT,
    sector TEXT,
    supplier_size TEXT,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    sale_count INTEGER NOT NULL,
    sale_pence INTEGER NOT NULL,
    first_month TEXT NOT NULL,
    last_month TEXT NOT NULL,
    first_sale_month TEXT,
    last_sale_month TEXT
);

CREATE TABLE pair_totals (
    buyer_id TEXT NOT NULL REFERENCES buyers(buyer_id),
    supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    supplier_size TEXT,
    buyer_name_id INTEGER NOT NULL REFERENCES buyer_names(buyer_name_id),
    supplier_name_id INTEGER NOT NULL REFERENCES supplier_names(supplier_name_id),
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    sale_count INTEGER NOT NULL,
    sale_pence INTEGER NOT NULL,
    first_month TEXT NOT NULL,
    last_month TEXT NOT NULL,
    first_sale_month TEXT,
    last_sale_month TEXT,
    first_sale_pence INTEGER NOT NULL
);

-- What one supplier's lines come to, and one buyer's, for their pages: in each month by size, and in
-- each financial year. A count of bodies or firms is of those with a sale between them in that time;
-- it cannot be added up. Of a month it is the same in every row: of whatever size.
CREATE TABLE supplier_months_keyed (
    supplier_key INTEGER NOT NULL REFERENCES suppliers(supplier_key),
    month TEXT NOT NULL,
    supplier_size TEXT,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    buyer_count INTEGER NOT NULL
);

CREATE TABLE buyer_months_keyed (
    buyer_key INTEGER NOT NULL REFERENCES buyers(buyer_key),
    month TEXT NOT NULL,
    supplier_size TEXT,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    supplier_count INTEGER NOT NULL
);

CREATE TABLE supplier_years (
    supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    financial_year TEXT NOT NULL,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    sme_pence INTEGER,
    buyer_count INTEGER NOT NULL,
    sme_buyer_count INTEGER NOT NULL,
    PRIMARY KEY (supplier_id, financial_year)
) WITHOUT ROWID;

CREATE TABLE buyer_years (
    buyer_id TEXT NOT NULL REFERENCES buyers(buyer_id),
    financial_year TEXT NOT NULL,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    sme_pence INTEGER,
    supplier_count INTEGER NOT NULL,
    sme_count INTEGER NOT NULL,
    PRIMARY KEY (buyer_id, financial_year)
) WITHOUT ROWID;

-- The same by size alone, which ranks the suppliers of a size.
CREATE TABLE supplier_sizes (
    supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    supplier_size TEXT,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    buyer_count INTEGER NOT NULL,
    first_month TEXT NOT NULL,
    last_month TEXT NOT NULL,
    first_sale_month TEXT,
    last_sale_month TEXT
);

-- What a supplier's lines come to, and what a buyer's do. A count of firms or bodies is of those with
-- a sale between them; a first sale given to an SME is its first as an SME, of all in the data.
CREATE TABLE supplier_totals (
    supplier_id TEXT PRIMARY KEY REFERENCES suppliers(supplier_id),
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    sme_pence INTEGER,
    buyer_count INTEGER NOT NULL,
    first_sale_month TEXT,
    last_sale_month TEXT,
    first_sme_month TEXT
) WITHOUT ROWID;

CREATE TABLE buyer_totals (
    buyer_id TEXT PRIMARY KEY REFERENCES buyers(buyer_id),
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    sme_pence INTEGER,
    supplier_count INTEGER NOT NULL,
    sme_count INTEGER NOT NULL,
    first_sale_count INTEGER NOT NULL,
    first_sale_month TEXT,
    last_sale_month TEXT,
    largest_supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    largest_pence INTEGER NOT NULL
) WITHOUT ROWID;

-- What a supplier usually sells at once: the median of its sales, as each size that it was published
-- under, and of any size.
CREATE TABLE usual_deals (
    size_choice TEXT NOT NULL,
    supplier_id TEXT NOT NULL REFERENCES suppliers(supplier_id),
    usual_pence INTEGER NOT NULL,
    PRIMARY KEY (size_choice, supplier_id)
) WITHOUT ROWID;

-- How many sold and how many bought in each month: such counts cannot be added up from others.
CREATE TABLE party_months (
    month TEXT PRIMARY KEY,
    supplier_count INTEGER NOT NULL,
    buyer_count INTEGER NOT NULL,
    new_supplier_count INTEGER NOT NULL,
    new_buyer_count INTEGER NOT NULL
) WITHOUT ROWID;

-- Where a buyer has its head office; a buyer without a known place has no row.
CREATE TABLE buyer_places (
    buyer_id TEXT PRIMARY KEY REFERENCES buyers(buyer_id),
    name TEXT NOT NULL,
    postcode TEXT NOT NULL,
    latitude REAL NOT NULL,
    longitude REAL NOT NULL,
    region TEXT NOT NULL,
    area TEXT NOT NULL,
    source TEXT NOT NULL,
    evidence TEXT NOT NULL
);

-- The files of the customer lists that places were looked up in.
CREATE TABLE customer_files (
    list_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    title TEXT NOT NULL,
    publisher TEXT NOT NULL,
    licence TEXT NOT NULL,
    attribution TEXT NOT NULL,
    provenance TEXT,
    url TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    byte_count INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    customer_count INTEGER NOT NULL,
    without_postcode_count INTEGER NOT NULL,
    PRIMARY KEY (list_id, url)
);

-- The files of the lists of suppliers that were admitted to a framework.
CREATE TABLE admitted_files (
    list_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    title TEXT NOT NULL,
    publisher TEXT NOT NULL,
    licence TEXT NOT NULL,
    attribution TEXT NOT NULL,
    provenance TEXT,
    url TEXT NOT NULL,
    fetched_at TEXT NOT NULL,
    byte_count INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    heading_line INTEGER NOT NULL,
    unknown_headings TEXT NOT NULL,
    line_count INTEGER NOT NULL,
    blank_count INTEGER NOT NULL,
    admitted_count INTEGER NOT NULL,
    duplicate_count INTEGER NOT NULL,
    rejected_count INTEGER NOT NULL,
    PRIMARY KEY (list_id, url)
);

-- Their lines: who was admitted to what. A firm that sold nothing has no supplier_id.
CREATE TABLE admitted (
    admitted_id TEXT PRIMARY KEY,
    list_id TEXT NOT NULL,
    url TEXT NOT NULL,
    line_number INTEGER NOT NULL,
    framework TEXT NOT NULL REFERENCES frameworks(framework),
    lot TEXT,
    supplier_size TEXT,
    published_name TEXT NOT NULL,
    party_id TEXT NOT NULL,
    supplier_id TEXT REFERENCES suppliers(supplier_id),
    FOREIGN KEY (list_id, url) REFERENCES admitted_files(list_id, url)
);

-- Their lines that repeat another or could not be taken. Not the whole line: it may name a contact.
CREATE TABLE admitted_left_out (
    list_id TEXT NOT NULL,
    url TEXT NOT NULL,
    line_number INTEGER NOT NULL,
    admitted_id TEXT NOT NULL,
    framework_published TEXT NOT NULL,
    published_name TEXT NOT NULL,
    field TEXT,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (list_id, url, line_number),
    FOREIGN KEY (list_id, url) REFERENCES admitted_files(list_id, url)
);

-- The files that hold an edition's lines where this one does not: spend, line_spans and search are
-- empty here, and lines-SHARD.db has those of one value of the key that the edition is split by.
-- Empty where this file holds the lines itself.
CREATE TABLE shards (
    shard TEXT PRIMARY KEY,
    first_month TEXT NOT NULL,
    last_month TEXT NOT NULL,
    line_count INTEGER NOT NULL,
    amount_pence INTEGER NOT NULL,
    byte_count INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);
