// SPDX-License-Identifier: MIT
// The libraries of this room: made ready, named, and the system's randomness.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace landfall::crypto {

/// Makes libsodium ready: once at start, from one thread; more calls cost nothing. False where it
/// cannot work.
[[nodiscard]] bool start() noexcept;

/// From the system's generator; what engines get as their randomness outside of tests. Ends the
/// program rather than returning something that can be guessed (libsodium's doing).
void fill_random(std::span<std::uint8_t> out) noexcept;

/// "libsodium 1.0.18"
[[nodiscard]] std::string library_version();

} // namespace landfall::crypto
