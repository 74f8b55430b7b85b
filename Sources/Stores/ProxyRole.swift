/// Which role a group of the authenticating proxy has here, and in which account: `shops=merchant:blue-teapots`.
package struct ProxyRole: Sendable, Hashable {
    package let group: String
    package let role: Role
    package let account: String

    /// The account is the platform's own unless one is given. Nil for what is not of this form.
    package init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        let grant = parts[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let role = Role(rawValue: String(grant[0])) else { return nil }
        let account = grant.count == 2 ? String(grant[1]) : Principal.defaultAccount
        guard !account.isEmpty else { return nil }
        self.group = String(parts[0])
        self.role = role
        self.account = account
    }

    /// Who somebody of these groups is; of several the first that has a role counts. Nil where none has.
    package static func principal(_ name: String, of groups: Set<String>, by roles: [ProxyRole]) -> Principal? {
        guard let found = roles.first(where: { groups.contains($0.group) }) else { return nil }
        return Principal(tokenID: nil, account: found.account, role: found.role, name: name)
    }
}
