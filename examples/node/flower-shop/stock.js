/** What the shop sells, by the species that the model names; prices in euros. */
export const stock = {
  setosa: { name: "Bristle-pointed iris", price: 4.5, inStock: 24 },
  versicolor: { name: "Blue flag iris", price: 5.9, inStock: 7 },
  virginica: { name: "Southern blue flag iris", price: 6.8, inStock: 0 },
};
