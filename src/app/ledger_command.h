// SPDX-License-Identifier: MIT
// `landfall ledger show|verify|prove|public`: a ledger's folder, or a proof from it, read and
// verified on any machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace landfall::app {

enum class ledger_word { show, verify, prove, publish_key };

struct ledger_options {
    ledger_word word = ledger_word::show;
    std::string path;  ///< a folder; for `verify` a proof's file, too
    std::string key;   ///< a verifier key, a minisign public key, or a file that holds one
    std::string since; ///< an older checkpoint's file
    std::string name;  ///< of the key, for `public`
    std::string form = "verifier";         ///< "verifier", "minisign", "pem"
    std::optional<std::uint64_t> entry;    ///< of `prove`
    std::optional<std::uint64_t> old_size; ///< instead: what the log grew from
    std::uint64_t first = 0;               ///< of `show`
    bool json = false;
};

/// Returns the exit code: 1 where something is damaged or not proved, 77 where a permission is
/// missing.
[[nodiscard]] int ledger_command(const ledger_options& options);

} // namespace landfall::app
