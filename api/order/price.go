package order

// Price sets each line's price and the total from the catalogue. priceOf
// returns the price of one unit and whether the SKU is known. It returns an
// *UnknownProductError or, where the shopper was shown another price, a
// *PriceChangedError.
func (o Order) Price(priceOf func(sku string) (Money, bool)) (Order, error) {
	lines := make([]Line, len(o.Lines))
	var total Money
	for i, l := range o.Lines {
		price, known := priceOf(l.SKU)
		if !known {
			return o, &UnknownProductError{l.SKU}
		}
		if l.Price != nil && *l.Price != price {
			return o, &PriceChangedError{l.SKU, price}
		}
		lines[i] = Line{SKU: l.SKU, Quantity: l.Quantity, Price: &price}
		total = total.Plus(price.Times(l.Quantity))
	}
	o.Lines, o.Total = lines, total
	return o, nil
}
