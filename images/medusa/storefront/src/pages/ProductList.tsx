import { useCallback } from "react";
import type { Product } from "../api/types";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { Picture } from "../components/Picture";
import { Price } from "../components/Price";
import { useLoaded } from "../loading";
import { lowest } from "../model/money";
import { pageOf, pagesFor, pageSize, pathOf } from "../model/page";
import { isSoldOut } from "../model/stock";
import { useShop } from "../shop";

export function ProductList({ url }: { url: URL }) {
  const { client, region } = useShop();
  const page = pageOf(url);
  const { value, problem, reload } = useLoaded(useCallback(() => client.products(region, (page - 1) * pageSize, pageSize), [client, region, page]));
  const pages = value ? pagesFor(value.count) : 1;
  return (
    <>
      <h1>Products</h1>
      {problem && <ErrorNote problem={problem} onRetry={reload} />}
      {!value && !problem && <div className="skeletons" role="status" aria-label="Loading the products">{Array.from({ length: 6 }, (_, index) => <div key={index} />)}</div>}
      {value?.count === 0 && (
        <div className="empty">
          <Picture url={null} alt="" />
          <h2>The shelves are still empty</h2>
          <p>There is nothing for sale here yet. Please come back soon.</p>
        </div>
      )}
      {value && value.count > 0 && value.products.length === 0 && (
        <div className="empty"><h2>There is no such page</h2><Link to="/" className="button">To the first</Link></div>
      )}
      {value && value.products.length > 0 && (
        <ul className="grid">{value.products.map((product, index) => <Card key={product.id} product={product} isFirst={index < 4} />)}</ul>
      )}
      {pages > 1 && (
        <nav className="pages" aria-label="Pages">
          {page > 1 && <Link to={pathOf(page - 1)} className="button">Back</Link>}
          <span>Page {page} of {pages}</span>
          {page < pages && <Link to={pathOf(page + 1)} className="button">Next</Link>}
        </nav>
      )}
    </>
  );
}

function Card({ product, isFirst }: { product: Product; isFirst: boolean }) {
  const least = lowest(product.variants ?? []);
  const soldOut = isSoldOut(product);
  return (
    <li className={soldOut ? "card sold-out" : "card"}>
      <Link to={`/products/${encodeURIComponent(product.handle)}`}>
        <div className="frame"><Picture url={product.thumbnail ?? product.images?.[0]?.url} alt="" isFirst={isFirst} /></div>
        <h2>{product.title}</h2>
        <Price price={least?.price} isFrom={least?.isFrom} />
        {soldOut && <span className="badge">Out of stock</span>}
      </Link>
    </li>
  );
}
