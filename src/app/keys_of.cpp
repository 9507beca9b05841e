// SPDX-License-Identifier: MIT
#include "app/keys_of.h"

#include <fmt/format.h>

#include <utility>

namespace landfall::app {
namespace {

base::result<crypto::private_key> read_key(const std::filesystem::path& path,
                                           const config::origin& at) {
    auto file = crypto::read_key_file(config::key_path(path, at).string());
    if (!file) {
        return std::unexpected(file.error());
    }
    return std::move(file->key);
}

} // namespace

base::result<gateway_keys> keys_of(const config::gateway& settings) {
    gateway_keys read;
    if (!settings.tunnel) {
        return read;
    }
    auto own = read_key(settings.tunnel->private_key_file,
                        config::origin_of(settings.tunnel->given, "private_key_file"));
    if (!own) {
        return std::unexpected(own.error());
    }
    read.own = std::move(*own);
    for (const config::peer_settings& peer : settings.peers) {
        const auto key = crypto::parse_public_key(peer.public_key);
        if (!key) {
            return std::unexpected(
                base::failure{fmt::format("peer {}: public_key: {}", peer.name, name(key.error())),
                              base::exit_code::bad_configuration});
        }
        read.peers.push_back(*key);
        auto& preshared = read.preshared.emplace_back();
        if (!peer.preshared_key_file.empty()) {
            auto secret = read_key(peer.preshared_key_file,
                                   config::origin_of(peer.given, "preshared_key_file"));
            if (!secret) {
                return std::unexpected(secret.error());
            }
            preshared = std::move(*secret);
        }
    }
    return read;
}

} // namespace landfall::app
