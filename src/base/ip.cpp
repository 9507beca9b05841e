// SPDX-License-Identifier: MIT
#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace landfall::base {

namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned most) noexcept {
    unsigned value = 0;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto [stopped, error] = std::from_chars(begin, end, value);
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    if (text.empty() || error != std::errc{} || stopped != end || leading_zero || value > most) {
        return {};
    }
    return value;
}

bool same_bits(const ip_address& one, const ip_address& other, unsigned count) noexcept {
    const unsigned whole = count / 8;
    if (!std::equal(one.octet.begin(), one.octet.begin() + whole, other.octet.begin())) {
        return false;
    }
    const unsigned rest = count % 8;
    return rest == 0 || (one.octet[whole] ^ other.octet[whole]) >> (8U - rest) == 0;
}

} // namespace

std::optional<ip_address> ip_address::of(octets bytes) noexcept {
    if (bytes.size() != 4 && bytes.size() != 16) {
        return {};
    }
    ip_address made;
    made.v6 = bytes.size() == 16;
    std::copy(bytes.begin(), bytes.end(), made.octet.begin());
    return made;
}

bool ip_address::unspecified() const noexcept {
    return std::all_of(octet.begin(), octet.end(), [](std::uint8_t one) { return one == 0; });
}

bool ip_address::multicast() const noexcept {
    return v6 ? octet[0] == 0xff : octet[0] >> 4U == 0xe;
}

bool ip_prefix::contains(const ip_address& other) const noexcept {
    return address.v6 == other.v6 && same_bits(address, other, length);
}

bool ip_prefix::overlaps(const ip_prefix& other) const noexcept {
    return address.v6 == other.address.v6 &&
           same_bits(address, other.address, std::min(length, other.length));
}

ip_prefix ip_prefix::network() const noexcept {
    ip_prefix made = *this;
    for (unsigned bit = length; bit < 8 * address.size(); ++bit) {
        made.address.octet[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
    }
    return made;
}

std::optional<ip_address> parse_ip(std::string_view text) noexcept {
    std::array<char, INET6_ADDRSTRLEN> copy{};
    if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) {
        return {};
    }
    std::copy(text.begin(), text.end(), copy.begin());
    ip_address made;
    made.v6 = text.find(':') != std::string_view::npos;
    if (inet_pton(made.v6 ? AF_INET6 : AF_INET, copy.data(), made.octet.data()) != 1) {
        return {};
    }
    return made;
}

std::optional<ip_prefix> parse_prefix(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    if (!address) {
        return {};
    }
    const auto bits = static_cast<unsigned>(8 * address->size());
    if (slash == std::string_view::npos) {
        return ip_prefix{*address, static_cast<std::uint8_t>(bits)};
    }
    const auto length = parse_number(text.substr(slash + 1), bits);
    if (!length) {
        return {};
    }
    return ip_prefix{*address, static_cast<std::uint8_t>(*length)};
}

std::optional<udp_endpoint> parse_endpoint(std::string_view text) noexcept {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return {};
    }
    std::string_view host = text.substr(0, colon);
    const bool brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (brackets) {
        host = host.substr(1, host.size() - 2);
    }
    const auto address = parse_ip(host);
    const auto port = parse_number(text.substr(colon + 1), 65535);
    if (!address || address->v6 != brackets || !port || *port == 0) {
        return {};
    }
    return udp_endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::string to_text(const ip_address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.octet.data(), text.data(), text.size());
    return text.data();
}

std::string to_text(const ip_prefix& prefix) {
    return to_text(prefix.address) + '/' + std::to_string(prefix.length);
}

std::string to_text(const udp_endpoint& endpoint) {
    const std::string host = to_text(endpoint.address);
    const std::string port = std::to_string(endpoint.port);
    return endpoint.address.v6 ? '[' + host + "]:" + port : host + ':' + port;
}

} // namespace landfall::base
