// SPDX-License-Identifier: MIT
#include "crypto/start.h"

#include <sodium.h>

namespace landfall::crypto {

bool start() noexcept {
    return sodium_init() >= 0;
}

void fill_random(std::span<std::uint8_t> out) noexcept {
    randombytes_buf(out.data(), out.size());
}

std::string library_version() {
    return std::string("libsodium ") + sodium_version_string();
}

} // namespace landfall::crypto
