// SPDX-License-Identifier: MIT
#include "app/keys_of.h"

#include "crypto/age_keys.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

namespace landfall::app {
namespace {

/// The key; none where it is not named, or wrong.
std::optional<crypto::private_key> read_key(const config::key_origins& given, std::string_view key,
                                            const std::filesystem::path& written,
                                            std::string_view maker, findings& found) {
    const config::origin at = config::origin_of(given, key);
    if (written.empty())
        return {};
    const std::filesystem::path path = config::key_path(written, at);
    auto file = crypto::read_key_file(path.string());
    if (!file) {
        std::error_code ignored;
        const bool there = std::filesystem::exists(path, ignored) || ignored;
        found.wrong(at,
                    fmt::format("{}: {}{}", key, file.error().message,
                                there
                                    ? ""
                                    : fmt::format("; `(umask 077; landfall key {} > {})` makes one",
                                                  maker, config::printable(path.string()))),
                    file.error().code);
        return {};
    }
    if (!file->warning.empty())
        found.warn(at, fmt::format("{}: {}", key, file->warning));
    return std::move(file->key);
}

/// Points of low order (RFC 7748, 6.1) make the same secret, zero, with every private key.
bool of_low_order(const crypto::public_key& key) {
    const crypto::private_key any;
    crypto::private_key secret;
    return !crypto::shared_secret(secret.bytes(), any.bytes(), key);
}

crypto::public_key public_key_of(const config::peer_settings& peer,
                                 const std::optional<crypto::private_key>& own, findings& found) {
    const config::origin at = config::origin_of(peer.given, "public_key");
    const auto key = crypto::parse_public_key(peer.public_key);
    if (!key)
        found.wrong(at, fmt::format("public_key: {}", name(key.error())));
    else if (of_low_order(*key))
        found.wrong(at, "public_key: no private key has it");
    else if (own && crypto::public_of(*own) == *key)
        found.wrong(at, "public_key: it is the gateway's own");
    return key.value_or(crypto::public_key{});
}

} // namespace

/// Who the durable lane seals for, and what it signs with.
static void read_durable(const config::gateway& settings, gateway_keys& to, findings& found) {
    for (const config::tenant_settings& tenant : settings.tenants) {
        auto& list = to.recipients.emplace_back();
        for (std::size_t i = 0; i < tenant.recipients.size(); ++i) {
            const auto key = crypto::parse_age_recipient(tenant.recipients[i]);
            if (key)
                list.push_back(*key);
            else
                found.wrong(config::item_origin(tenant.given, "recipients", i),
                            fmt::format("recipients: is no key of age: {}", name(key.error())));
        }
    }
    if (settings.publish) {
        const config::publish_settings& to_stream = *settings.publish;
        for (const auto& [name, file] :
             {std::pair{"credentials_file", to_stream.credentials_file},
              std::pair{"authorities_file", to_stream.authorities_file}}) {
            const config::origin at = config::origin_of(to_stream.given, name);
            if (!file.empty() && !std::ifstream(config::key_path(file, at)).is_open())
                found.wrong(at, fmt::format("{}: {}: cannot be read", name,
                                            config::printable(file.string())));
        }
    }
    if (!settings.ledger)
        return;
    auto key =
        read_key(settings.ledger->given, "key_file", settings.ledger->key_file, "generate", found);
    if (key)
        to.ledger = std::move(*key);
}

gateway_keys keys_of(const config::gateway& settings, findings& found) {
    gateway_keys read;
    read_durable(settings, read, found);
    if (!settings.tunnel)
        return read;
    auto own = read_key(settings.tunnel->given, "private_key_file",
                        settings.tunnel->private_key_file, "generate", found);
    for (const config::peer_settings& peer : settings.peers) {
        read.peers.push_back(public_key_of(peer, own, found));
        read.preshared.push_back(read_key(peer.given, "preshared_key_file", peer.preshared_key_file,
                                          "preshared", found));
    }
    if (own && own->zero())
        found.wrong(config::origin_of(settings.tunnel->given, "private_key_file"),
                    "private_key_file: the key is all zeros, which stands for none");
    else if (own && !crypto::is_clamped(*own))
        found.warn(config::origin_of(settings.tunnel->given, "private_key_file"),
                   "private_key_file: no key that `landfall key` or `wg genkey` makes: is it a "
                   "public one?");
    if (own)
        read.own = std::move(*own);
    return read;
}

} // namespace landfall::app
