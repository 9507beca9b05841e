// SPDX-License-Identifier: MIT
// Any text as a key: what is read is written again as it was.
#include "crypto/keys.h"

#include <cstdlib>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto secret = crypto::parse_secret_key(text);
    const auto key = crypto::parse_public_key(text);
    if (secret && crypto::secret_text(*secret) != text) {
        std::abort();
    }
    if (key && (!secret || crypto::to_text(*key) != text)) {
        std::abort();
    }
    if (!key && crypto::name(key.error()) == nullptr) {
        std::abort();
    }
    if (!key && secret && !secret->zero()) {
        std::abort();
    }
    return 0;
}
