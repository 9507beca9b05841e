// SPDX-License-Identifier: MIT
#include "crypto/cookie.h"

#include <sodium.h>

#include <algorithm>
#include <string_view>

namespace landfall::crypto {
namespace {

base::octets octets_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

base::octets before_mac1(base::octets message) noexcept {
    return message.first(message.size() - 2 * mac_octets);
}
base::octets before_mac2(base::octets message) noexcept {
    return message.first(message.size() - mac_octets);
}
base::octets mac1_of(base::octets message) noexcept {
    return message.subspan(message.size() - 2 * mac_octets, mac_octets);
}

} // namespace

mac_keys mac_keys::of(const public_key& receiver) noexcept {
    mac_keys keys;
    hash(keys.mac1, {octets_of("mac1----"), receiver.octet});
    hash(keys.cookie, {octets_of("cookie--"), receiver.octet});
    return keys;
}

bool mac1_is_good(const mac_keys& ours, base::octets message) noexcept {
    mac_value expected{};
    mac(expected, ours.mac1, before_mac1(message));
    return same(expected, mac1_of(message));
}

mac_value cookie_jar::cookie_for(const base::udp_endpoint& source, std::int64_t now_ns) {
    if (!drawn_ns_ || now_ns - *drawn_ns_ >= cookie_ns) {
        random_(changing_.bytes());
        drawn_ns_ = now_ns;
    }
    std::array<std::uint8_t, 16 + 2 + 1> from{};
    std::copy(source.address.octet.begin(), source.address.octet.end(), from.begin());
    from[16] = static_cast<std::uint8_t>(source.port >> 8U);
    from[17] = static_cast<std::uint8_t>(source.port);
    from[18] = source.address.v6 ? 6 : 4;
    mac_value cookie{};
    mac(cookie, changing_.bytes(), from);
    return cookie;
}

bool cookie_jar::mac2_is_good(const base::udp_endpoint& source, base::octets message,
                              std::int64_t now_ns) {
    mac_value expected{};
    mac(expected, cookie_for(source, now_ns), before_mac2(message));
    return same(expected, message.last(mac_octets));
}

void cookie_jar::reply(const mac_keys& ours, const base::udp_endpoint& source, base::octets message,
                       std::span<std::uint8_t, cookie_reply::octets> out, std::int64_t now_ns) {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    out[0] = static_cast<std::uint8_t>(message_type::cookie);
    // Initiation and response have the sender's index at the same place.
    std::copy_n(message.begin() + initiation::sender_at, index_octets,
                out.begin() + cookie_reply::receiver_at);
    const auto nonce = out.subspan<cookie_reply::nonce_at, cookie_reply::nonce_octets>();
    random_(nonce);
    const mac_value cookie = cookie_for(source, now_ns);
    const base::octets bound = mac1_of(message);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        out.data() + cookie_reply::cookie_at, nullptr, cookie.data(), cookie.size(), bound.data(),
        bound.size(), nullptr, nonce.data(), ours.cookie.data());
}

void cookie_holder::sign(const mac_keys& theirs, std::span<std::uint8_t> message,
                         std::int64_t now_ns) noexcept {
    mac_value value{};
    mac(value, theirs.mac1, before_mac1(message));
    std::copy(value.begin(), value.end(), message.end() - 2 * mac_octets);
    last_mac1_ = value;
    value.fill(0);
    if (taken_ns_ && now_ns - *taken_ns_ < cookie_ns) {
        mac(value, cookie_, before_mac2(message));
    }
    std::copy(value.begin(), value.end(), message.end() - mac_octets);
}

bool cookie_holder::take(const mac_keys& theirs, const_cookie_reply reply,
                         std::int64_t now_ns) noexcept {
    mac_value opened{};
    if (!last_mac1_ || crypto_aead_xchacha20poly1305_ietf_decrypt(
                           opened.data(), nullptr, nullptr, reply.data() + cookie_reply::cookie_at,
                           mac_octets + tag_octets, last_mac1_->data(), last_mac1_->size(),
                           reply.data() + cookie_reply::nonce_at, theirs.cookie.data()) != 0) {
        return false;
    }
    cookie_ = opened;
    taken_ns_ = now_ns;
    last_mac1_.reset(); // one reply per message
    return true;
}

bool handshake_limit::allow(const base::ip_address& source, std::int64_t now_ns) noexcept {
    constexpr std::int64_t cost_ns = second_ns / handshakes_per_second;
    constexpr std::int64_t most_ns = handshake_burst * cost_ns;
    base::ip_address from = source;
    if (from.v6) {
        std::fill(from.octet.begin() + 8, from.octet.end(), std::uint8_t{0});
    }
    bucket* free = nullptr;
    bucket* found = nullptr;
    for (bucket& one : buckets_) {
        if (one.source == from) {
            found = &one;
            break;
        }
        if (!one.source || now_ns - one.filled_ns >= most_ns) {
            free = &one; // a bucket that is full again tells nothing
        }
    }
    if (found == nullptr) {
        if (free == nullptr) {
            return false;
        }
        *free = {.source = from, .filled_ns = now_ns, .tokens_ns = most_ns};
        found = free;
    }
    found->tokens_ns = std::min(most_ns, found->tokens_ns + (now_ns - found->filled_ns));
    found->filled_ns = now_ns;
    if (found->tokens_ns < cost_ns) {
        return false;
    }
    found->tokens_ns -= cost_ns;
    return true;
}

} // namespace landfall::crypto
