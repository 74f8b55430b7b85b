<?php

declare(strict_types=1);

namespace StorePlatform\Setup;

/** Three products with pictures, so that a new shop shows what it will look like, and can be tried at once. */
final class SampleProducts
{
    /** SKU → name, price, text; the picture is drawn by `Pictures` from the SKU. */
    private const PRODUCTS = [
        'SAMPLE-TEAPOT' => ['Blue teapot', '29.00', 'A round teapot for four cups. A sample: change it or delete it.'],
        'SAMPLE-MUG' => ['Striped mug', '12.50', 'A mug with three stripes. A sample: change it or delete it.'],
        'SAMPLE-POSTER' => ['Mountain poster', '18.00', 'Two mountains and a sun, on thick paper. A sample: change it or delete it.'],
    ];

    public function __construct(private readonly bool $isWanted, private readonly Report $report)
    {
    }

    public function run(): void
    {
        foreach (self::PRODUCTS as $sku => [$name, $price, $text]) {
            $part = strtolower($sku);
            $this->report->step($part, function () use ($part, $sku, $name, $price, $text): string|Skipped {
                if (!$this->isWanted) {
                    return new Skipped('No samples were asked for.');
                }
                if (Marks::isReady()) {
                    return new Skipped('The products of a shop that is open are its merchant\'s.');
                }
                return Marks::once($part, "{$name} was made before.", fn () => $this->make($sku, $name, $price, $text));
            });
        }
    }

    private function make(string $sku, string $name, string $price, string $text): string
    {
        $slug = strtolower($sku);
        // One that a kill has left half-made: its price may be stored in one place of two, and saving it again would change nothing. The
        // slug, which is part of the first row that is written, is how it is found.
        $half = wc_get_product(Posts::find('product', $slug));
        if ($half instanceof \WC_Product) {
            $half->delete(true);
        }
        $product = new \WC_Product_Simple();
        $product->set_name($name);
        $product->set_slug($slug);
        $product->set_sku($sku);
        $product->set_status('publish');
        $product->set_regular_price($price);
        $product->set_short_description($text);
        $product->set_image_id($this->picture($slug, $name));
        $product->save();
        if (wc_get_product_id_by_sku($sku) !== $product->get_id()) {
            throw new Failure("The sample product {$name} could not be saved; the log has the details.");
        }
        return "The sample product {$name} is in the shop.";
    }

    /** The picture as an attachment; the same one when this is run again. */
    private function picture(string $slug, string $name): int
    {
        $uploads = wp_upload_dir();
        if ($uploads['error'] !== false) {
            throw new Failure('The volume for pictures cannot be written: ' . $uploads['error']);
        }
        $id = Posts::find('attachment', "{$slug}-picture");
        if ($id === 0) {
            $path = "{$uploads['path']}/{$slug}.png";
            file_put_contents($path, Pictures::draw($slug), LOCK_EX);
            $id = wp_insert_attachment([
                'post_title' => $name,
                'post_name' => "{$slug}-picture",
                'post_mime_type' => 'image/png',
                'post_status' => 'inherit',
                'meta_input' => ['_wp_attachment_image_alt' => $name],
            ], $path, 0, true);
            if (is_wp_error($id)) {
                throw new Failure('A picture could not be added: ' . $id->get_error_message());
            }
        }
        $this->complete($id, "{$uploads['path']}/{$slug}.png", $name, $slug);
        return $id;
    }

    /** File, text and smaller sizes: what a kill may have left out. */
    private function complete(int $id, string $path, string $name, string $slug): void
    {
        $file = get_attached_file($id) ?: $path;
        if (!is_file($file)) {
            file_put_contents($file, Pictures::draw($slug), LOCK_EX);
        }
        update_attached_file($id, $file);
        update_post_meta($id, '_wp_attachment_image_alt', $name);
        Pictures::complete($id);
    }
}
