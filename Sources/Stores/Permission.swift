/// Something that a request can need the right to. Each route names one; `Role.permissions` says who has it.
///
/// The raw value is the code that problems and `store-platform routes` print.
package enum Permission: String, Sendable, Hashable, CaseIterable {
    case readSelf = "self.read"
    case readCatalogue = "catalogue.read"
    case readStores = "stores.read"
    case createStores = "stores.create"
    case changeStores = "stores.change"
    case deleteStores = "stores.delete"
    case signIn = "stores.sign-in"
    case readEvents = "events.read"
    case readAccounts = "accounts.read"
    case changeAccounts = "accounts.change"
    case readTokens = "tokens.read"
    case changeTokens = "tokens.change"
    case readAudit = "audit.read"

    /// In words that complete «may …».
    package var words: String {
        switch self {
        case .readSelf: "see who one is signed in as, and sign out"
        case .readCatalogue: "see engines and plans"
        case .readStores: "see stores and what runs of them"
        case .createStores: "order stores"
        case .changeStores: "rename and retry stores"
        case .deleteStores: "delete stores"
        case .signIn: "be shown the administrator login of stores"
        case .readEvents: "follow events"
        case .readAccounts: "see accounts, their quotas and what is used of them"
        case .changeAccounts: "open, change and close accounts"
        case .readTokens: "see tokens, without their secrets"
        case .changeTokens: "issue and revoke tokens"
        case .readAudit: "read the audit log"
        }
    }
}

/// What somebody is to the platform.
package enum Role: String, Sendable, Hashable, CaseIterable {
    /// Opens accounts and gives out tokens.
    case admin
    /// Keeps every merchant's stores well.
    case `operator`
    /// Has stores.
    case merchant
    /// Looks at an account's stores and changes nothing.
    case viewer
    /// Looks at everything, the audit log too, and changes nothing.
    case auditor

    /// Whose things a role sees and, where it may, changes.
    package enum Reach: Sendable { case ownAccount, everyAccount }

    package var reach: Reach {
        switch self {
        case .merchant, .viewer: .ownAccount
        case .admin, .operator, .auditor: .everyAccount
        }
    }

    /// The one table of who may do what: the server asks it, and docs/access.md prints it.
    package var permissions: Set<Permission> {
        switch self {
        case .admin: Set(Permission.allCases)
        case .operator:
            [
                .readSelf, .readCatalogue, .readStores, .createStores, .changeStores, .deleteStores, .signIn, .readEvents,
                .readAccounts, .readTokens, .readAudit,
            ]
        case .merchant:
            [
                .readSelf, .readCatalogue, .readStores, .createStores, .changeStores, .deleteStores, .signIn, .readEvents,
                .readAccounts, .readTokens,
            ]
        case .viewer: [.readSelf, .readCatalogue, .readStores, .readEvents, .readAccounts]
        case .auditor: [.readSelf, .readCatalogue, .readStores, .readEvents, .readAccounts, .readTokens, .readAudit]
        }
    }
}

extension Permission {
    /// The table of permissions for people, in Markdown.
    package static var table: String {
        let head = ["may …", ""] + Role.allCases.map { "`\($0.rawValue)`" }
        let rows = allCases.map { permission in
            [permission.words, "`\(permission.rawValue)`"]
                + Role.allCases.map { role in
                    guard role.permissions.contains(permission) else { return "–" }
                    // What nobody else has, and what one orders for oneself, has no reach.
                    if [.readSelf, .readCatalogue, .createStores].contains(permission) { return "yes" }
                    return switch role.reach {
                    case .ownAccount: "own account"
                    case .everyAccount: "everywhere"
                    }
                }
        }
        return ([head, head.map { _ in "---" }] + rows).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }
}
