-- What a shop is set up with. The defaults are those of a store that was ordered without them, also by the version before this one.
ALTER TABLE stores ADD COLUMN country text NOT NULL DEFAULT 'US:CA';
ALTER TABLE stores ADD COLUMN currency text NOT NULL DEFAULT 'USD';
ALTER TABLE stores ADD COLUMN catalogue text NOT NULL DEFAULT 'sample';

ALTER TABLE stores
    ADD CONSTRAINT country_is_a_code CHECK (country ~ '^[A-Z]{2}(:[A-Z0-9]{1,3})?$'),
    ADD CONSTRAINT currency_is_a_code CHECK (currency ~ '^[A-Z]{3}$'),
    ADD CONSTRAINT catalogue_is_known CHECK (catalogue IN ('sample', 'empty'));
