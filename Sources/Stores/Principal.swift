/// Who makes a request: the bearer of a token, somebody for whom a proxy vouches, or the platform itself.
package struct Principal: Sendable, Hashable {
    /// Names the token in the audit log; nil for all others.
    package let tokenID: String?
    package let account: String
    package let role: Role
    /// As people call it: the token's name, or the proxy's name for the person.
    package let name: String

    package init(tokenID: String?, account: String, role: Role, name: String) {
        self.tokenID = tokenID
        self.account = account
        self.role = role
        self.name = name
    }

    /// The account of stores that no other is named for.
    package static let defaultAccount = "default"

    package static let platform = Principal(tokenID: nil, account: defaultAccount, role: .admin, name: "store-platform")

    /// The only account whose things it sees; nil where it sees every one. What it does not see is not there: 404.
    package var onlyAccount: String? {
        switch role.reach {
        case .ownAccount: account
        case .everyAccount: nil
        }
    }
}
