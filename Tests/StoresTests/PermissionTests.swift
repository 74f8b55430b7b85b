import Foundation
import Testing

@testable import Stores

struct PermissionTests {
    @Test func `who only looks changes nothing`() {
        let changes: Set<Permission> = [.createStores, .changeStores, .deleteStores, .changeAccounts, .changeTokens]
        for role in [Role.viewer, .auditor] { #expect(role.permissions.isDisjoint(with: changes), "\(role)") }
    }

    @Test func `only an administrator opens accounts and gives out tokens`() {
        for role in Role.allCases where role != .admin {
            #expect(role.permissions.isDisjoint(with: [.changeAccounts, .changeTokens]), "\(role)")
        }
        #expect(Role.admin.permissions == Set(Permission.allCases))
    }

    @Test func `a merchant and a viewer see their own account only`() {
        for role in Role.allCases {
            let principal = Principal(tokenID: "t", account: "teapots", role: role, name: "somebody")
            #expect(principal.onlyAccount == ([.merchant, .viewer].contains(role) ? "teapots" : nil), "\(role)")
        }
    }

    @Test func `the documentation holds the table of the code`() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/access.md")
        #expect(try String(contentsOf: file, encoding: .utf8).contains(Permission.table))
    }
}
