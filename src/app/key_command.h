// SPDX-License-Identifier: MIT
// `landfall key generate|public|preshared`: keys in the text form that `wg` reads and writes.
#pragma once

namespace landfall::app {

/// `generate`: a new private key. `public`: reads a private key from standard input, writes the
/// public key that belongs to it. `preshared`: a new key that two peers share.
enum class key_word { generate, of_private, preshared };

/// Writes one line to standard output. Returns the exit code: 0; 1 where the output cannot be
/// written, or where `public` read no key.
[[nodiscard]] int key_command(key_word word);

} // namespace landfall::app
