<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** The pictures of the sample products, drawn here: flat shapes, 600 × 600, a few kilobytes each. */
final class Pictures
{
    private const SIZE = 600;

    /** The bytes of a PNG. */
    public static function draw(string $slug): string
    {
        $image = imagecreatetruecolor(self::SIZE, self::SIZE);
        $color = static fn (int $rgb): int => imagecolorallocate($image, $rgb >> 16, $rgb >> 8 & 255, $rgb & 255);
        match ($slug) {
            'sample-teapot' => self::teapot($image, $color),
            'sample-mug' => self::mug($image, $color),
            default => self::poster($image, $color),
        };
        // Few colours: a palette makes the file a third as large.
        imagetruecolortopalette($image, false, 64);
        ob_start();
        imagepng($image, null, 9);
        return (string) ob_get_clean();
    }

    /** Makes the sizes that an attachment lacks. */
    public static function complete(int $attachment): void
    {
        require_once ABSPATH . 'wp-admin/includes/image.php';
        $file = (string) get_attached_file($attachment);
        $isMissing = static fn (array $size): bool => !is_file(dirname($file) . '/' . $size['file']);
        $sizes = wp_get_attachment_metadata($attachment)['sizes'] ?? [];
        if ($sizes === [] || array_filter($sizes, $isMissing) !== []) {
            wp_update_attachment_metadata($attachment, wp_generate_attachment_metadata($attachment, $file));
        } else {
            wp_update_image_subsizes($attachment);
        }
    }

    private static function teapot(\GdImage $image, \Closure $color): void
    {
        imagefill($image, 0, 0, $color(0xF2E9DC));
        $blue = $color(0x2F6690);
        self::ring($image, 450, 330, $blue, $color(0xF2E9DC));  // handle
        imagefilledpolygon($image, [190, 300, 96, 226, 66, 246, 176, 392], $blue);  // spout
        imagefilledellipse($image, 310, 340, 300, 250, $blue);
        imagefilledrectangle($image, 226, 452, 394, 474, $color(0x16425B));  // foot
        imagefilledellipse($image, 310, 232, 170, 44, $color(0x16425B));  // lid
        imagefilledellipse($image, 310, 200, 46, 42, $color(0xF28F3B));
        imagefilledellipse($image, 250, 292, 60, 40, $color(0x81A4CD));  // gleam
    }

    private static function mug(\GdImage $image, \Closure $color): void
    {
        imagefill($image, 0, 0, $color(0xDDE5E0));
        self::ring($image, 410, 310, $color(0xD1495B), $color(0xDDE5E0));
        imagefilledrectangle($image, 160, 180, 410, 440, $color(0xFAF3E8));
        foreach ([0xD1495B, 0xEDAE49, 0x00798C] as $row => $rgb) {
            imagefilledrectangle($image, 160, 220 + 70 * $row, 410, 256 + 70 * $row, $color($rgb));
        }
        imagefilledellipse($image, 285, 440, 250, 50, $color(0xFAF3E8));
        imagefilledellipse($image, 285, 180, 250, 50, $color(0x5B3A29));  // coffee
    }

    private static function poster(\GdImage $image, \Closure $color): void
    {
        imagefill($image, 0, 0, $color(0xCFC7BD));
        imagefilledrectangle($image, 132, 72, 468, 528, $color(0xFFFFFF));
        imagefilledrectangle($image, 156, 96, 444, 504, $color(0xF6BD60));
        imagefilledellipse($image, 370, 190, 96, 96, $color(0xF25C54));
        imagefilledpolygon($image, [156, 430, 270, 230, 384, 430], $color(0x6D597A));
        imagefilledpolygon($image, [250, 430, 352, 300, 444, 430], $color(0x355070));
        imagefilledrectangle($image, 156, 430, 444, 504, $color(0x2A3D45));
    }

    /** GD's thick arcs are ragged; one ellipse upon another is not. */
    private static function ring(\GdImage $image, int $x, int $y, int $color, int $background): void
    {
        imagefilledellipse($image, $x, $y, 176, 200, $color);
        imagefilledellipse($image, $x, $y, 120, 144, $background);
    }
}
