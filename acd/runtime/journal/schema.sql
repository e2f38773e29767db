CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    zone TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    base_seq INTEGER NOT NULL,
    base_chain BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    event BLOB NOT NULL,
    facts BLOB NOT NULL,
    crc INTEGER NOT NULL,
    chain BLOB NOT NULL
);
