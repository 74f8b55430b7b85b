import { useCallback, useEffect, useState } from "react";
import type { Problem } from "../api/client";
import type { Product } from "../api/types";
import { Action } from "../components/Action";
import { ErrorNote } from "../components/ErrorNote";
import { Link } from "../components/Link";
import { Picture } from "../components/Picture";
import { Price } from "../components/Price";
import { Quantity } from "../components/Quantity";
import { useLoaded } from "../loading";
import { payable } from "../model/money";
import { available, stockText } from "../model/stock";
import { chosen, initialChoice, leadsSomewhere, offersChoice } from "../model/variants";
import { asProblem, useShop } from "../shop";

export function ProductPage({ handle }: { handle: string }) {
  const { client, region, config } = useShop();
  // In an array, for "there is no such product" is an answer, and not the same as none.
  const { value, problem, reload } = useLoaded(useCallback(async () => [await client.product(handle, region)], [client, handle, region]));
  const product = value?.[0];
  useEffect(() => {
    if (product) document.title = `${product.title} – ${config.storeName}`;
  }, [product, config.storeName]);
  if (problem) return <><h1>This product cannot be shown just now</h1><ErrorNote problem={problem} onRetry={reload} /></>;
  if (!value) return <div className="skeletons wide" role="status" aria-label="Loading the product"><div /><div /></div>;
  if (!product) return <div className="empty"><h1>There is no such product</h1><p>It may have been taken out of the shop.</p><Link to="/" className="button">To the products</Link></div>;
  return <Details key={product.id} product={product} />;
}

function Details({ product }: { product: Product }) {
  const { add, cart } = useShop();
  const [choice, setChoice] = useState(() => initialChoice(product));
  const [quantity, setQuantity] = useState(1);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [picture, setPicture] = useState(product.images?.[0]?.url ?? product.thumbnail);
  const variant = chosen(product, choice);
  const most = variant ? available(variant) : 0;
  const isForSale = variant !== null && payable(variant.calculated_price) !== null;
  const pictures = product.images ?? [];

  async function buy() {
    if (!variant) return;
    setBusy(true);
    setProblem(null);
    try {
      await add(variant.id, quantity, product.title);
    } catch (error) {
      setProblem(asProblem(error));
    }
    setBusy(false);
  }

  return (
    <article className="product">
      <div>
        <div className="frame"><Picture url={picture} alt={product.title} isFirst /></div>
        {pictures.length > 1 && (
          <div className="thumbs" role="group" aria-label="Pictures">
            {pictures.map(({ id, url }, index) => (
              <button key={id} type="button" aria-label={`Picture ${index + 1}`} aria-pressed={url === picture} onClick={() => setPicture(url)}><Picture url={url} alt="" /></button>
            ))}
          </div>
        )}
      </div>
      <div className="details">
        <p className="fine"><Link to="/">Products</Link></p>
        <h1>{product.title}</h1>
        {product.subtitle && <p className="fine">{product.subtitle}</p>}
        <p className="large"><Price price={variant?.calculated_price} /></p>
        {offersChoice(product) && (product.options ?? []).map((option) => (
          <fieldset key={option.id} className="options">
            <legend>{option.title}</legend>
            {option.values.map(({ id, value }) => (
              <label key={id} className={leadsSomewhere(product, choice, option.id, value) ? "" : "unavailable"}>
                <input
                  type="radio" name={option.id} checked={choice[option.id] === value}
                  onChange={() => { setChoice({ ...choice, [option.id]: value }); setQuantity(1); setProblem(null); }}
                />
                <span>{value}</span>
              </label>
            ))}
          </fieldset>
        ))}
        <p className={most === 0 ? "stock none" : "stock"} role="status">{variant ? stockText(variant) : "This combination is not made. Choose another."}</p>
        {most > 0 && isForSale && (
          <div className="buy">
            <Quantity label="Quantity" value={Math.min(quantity, most)} most={most} isBusy={isBusy} onChange={setQuantity} />
            <Action isBusy={isBusy} onClick={() => void buy()}>Add to cart</Action>
          </div>
        )}
        {problem && (problem.isAboutStock
          ? <p className="note error" role="alert">There are not so many left. Take fewer{cart ? ", and mind that your cart may hold some already" : ""}.</p>
          : <ErrorNote problem={problem} onRetry={() => void buy()} />)}
        {cart && cart.items.length > 0 && <p><Link to="/cart">See the cart</Link></p>}
        {product.description && <div className="description">{product.description.split(/\n{2,}/).map((text, index) => <p key={index}>{text}</p>)}</div>}
      </div>
    </article>
  );
}
