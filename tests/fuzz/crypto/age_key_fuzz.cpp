// SPDX-License-Identifier: MIT
// Any text as a key of age: what is read is written again as it was.
#include "crypto/age_keys.h"

#include <cstdlib>

using namespace landfall;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto recipient = crypto::parse_age_recipient(text);
    if (recipient ? crypto::age_recipient_text(*recipient) != text
                  : crypto::name(recipient.error()) == nullptr) {
        std::abort();
    }
    const auto identity = crypto::parse_age_identity(text);
    if ((identity && recipient) || (!identity && crypto::name(identity.error()) == nullptr)) {
        std::abort();
    }
    return 0;
}
