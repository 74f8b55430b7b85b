<?php

/** usage: php unpack.php ARCHIVE.zip DIRECTORY. The base has no unzip, but PHP's own. */

declare(strict_types=1);

$zip = new ZipArchive();
if ($zip->open($argv[1], ZipArchive::CHECKCONS) !== true || !$zip->extractTo($argv[2])) {
    fwrite(STDERR, "{$argv[1]} cannot be unpacked.\n");
    exit(1);
}
