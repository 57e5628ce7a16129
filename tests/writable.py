"""Lines written by hand: what a test writes into the view `spend` goes into its tables."""

from __future__ import annotations

import sqlite3

_CATEGORIES = """
    INSERT INTO line_categories (framework, lot, sector, supplier_size)
    SELECT NEW.framework, NEW.lot, NEW.sector, NEW.supplier_size
    WHERE NOT EXISTS (
        SELECT 1 FROM line_categories
        WHERE (framework, lot, sector, supplier_size)
            IS (NEW.framework, NEW.lot, NEW.sector, NEW.supplier_size)
    );
"""
_CATEGORIES_KEY = """(
    SELECT categories_key FROM line_categories
    WHERE (framework, lot, sector, supplier_size)
        IS (NEW.framework, NEW.lot, NEW.sector, NEW.supplier_size)
)"""
_PARTY = """
    INSERT INTO {kind}s ({kind}_id, name)
    SELECT NEW.{kind}_id, NEW.{kind}_id
    WHERE NOT EXISTS (SELECT 1 FROM {kind}s WHERE {kind}_id = NEW.{kind}_id);
"""
_TRIGGERS = f"""
CREATE TEMP TRIGGER spend_insert INSTEAD OF INSERT ON main.spend BEGIN
    {_CATEGORIES}
    {_PARTY.format(kind="supplier")}
    {_PARTY.format(kind="buyer")}
    INSERT INTO spend_keyed (spend_id, release_key, line_number, first_position, month,
        categories_key, description, amount_pence, supplier_key, buyer_key, supplier_name_id,
        buyer_name_id)
    VALUES (NEW.spend_id,
        coalesce((SELECT release_key FROM releases WHERE release_id = NEW.release_id), 0),
        NEW.line_number, 1, NEW.month, {_CATEGORIES_KEY}, NEW.description, NEW.amount_pence,
        (SELECT supplier_key FROM suppliers WHERE supplier_id = NEW.supplier_id),
        (SELECT buyer_key FROM buyers WHERE buyer_id = NEW.buyer_id),
        NEW.supplier_name_id, NEW.buyer_name_id);
END;
CREATE TEMP TRIGGER spend_update INSTEAD OF UPDATE ON main.spend BEGIN
    {_CATEGORIES}
    UPDATE spend_keyed SET month = NEW.month, categories_key = {_CATEGORIES_KEY},
        description = NEW.description, amount_pence = NEW.amount_pence
    WHERE spend_id = OLD.spend_id;
END;
CREATE TEMP TRIGGER spend_delete INSTEAD OF DELETE ON main.spend BEGIN
    DELETE FROM spend_keyed WHERE spend_id = OLD.spend_id;
END;
"""  # noqa: S608 - our own names


def make(db: sqlite3.Connection) -> None:
    """From now on this connection can insert, update and delete lines of `spend`.

    A line of a supplier or buyer that is not there yet brings it, under its id as its name. An
    update changes month, categories, description and pence.
    """
    db.executescript(_TRIGGERS)
