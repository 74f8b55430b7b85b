import Foundation

/// What a shop is set up with, besides its name: asked for once, and the merchant's own to change in the shop from then on.
package struct ShopSettings: Sendable, Hashable {
    /// Where it sells from: a country by ISO 3166, with the part of it where the engine knows one: `DE`, `US:CA`.
    package let country: String
    /// By ISO 4217: `EUR`.
    package let currency: String
    package let catalogue: Catalogue

    /// What it has to sell when it opens.
    package enum Catalogue: String, Sendable, Hashable, CaseIterable {
        /// Three products with pictures.
        case sample
        case empty
    }

    package static let standard = ShopSettings()

    private init() {
        country = "US:CA"
        currency = "USD"
        catalogue = .sample
    }

    /// Everything that is wrong with what was asked for.
    package struct Invalid: Error, Sendable, Hashable {
        package let faults: [Fault]
    }

    package enum Fault: String, Sendable, Hashable {
        case country, currency, catalogue

        /// What is wrong, as the end of a sentence about the field.
        package var words: String {
            switch self {
            case .country: "must be a country by ISO 3166, with the state where you like, as DE or US:CA"
            case .currency: "must be a currency by ISO 4217 in capitals, as EUR"
            case .catalogue: "must be one of: \(Catalogue.allCases.map(\.rawValue).joined(separator: ", "))"
            }
        }
    }

    /// What is not given is as it usually is.
    package init(country: String?, currency: String?, catalogue: String?) throws(Invalid) {
        let standard = ShopSettings.standard
        self.country = country ?? standard.country
        self.currency = currency ?? standard.currency
        let chosen = Catalogue(rawValue: catalogue ?? standard.catalogue.rawValue)
        self.catalogue = chosen ?? standard.catalogue
        var faults: [Fault] = []
        if !ShopSettings.isCountry(self.country) { faults.append(.country) }
        if !ShopSettings.currencies.contains(self.currency) { faults.append(.currency) }
        if chosen == nil { faults.append(.catalogue) }
        guard faults.isEmpty else { throw Invalid(faults: faults) }
    }

    /// The country without its part, for engines that know none.
    package var countryCode: String { String(country.prefix(2)) }

    private static let currencies = Set(Locale.Currency.isoCurrencies.map(\.identifier))
    private static let countries = Set(Locale.Region.isoRegions.map(\.identifier).filter { $0.count == 2 })

    private static func isCountry(_ text: String) -> Bool {
        guard text.range(of: "^[A-Z]{2}(:[A-Z0-9]{1,3})?$", options: .regularExpression) != nil else { return false }
        return countries.contains(String(text.prefix(2)))
    }
}
