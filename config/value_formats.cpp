// SPDX-License-Identifier: MIT
#include "config/value_formats.h"

#include <charconv>

namespace landfall::config::formats {

namespace {

constexpr std::size_t text_octets_max = 1024;

bool letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool hexadecimal(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool all_of(std::string_view text, bool (*fits)(char) noexcept) noexcept {
    return std::all_of(text.begin(), text.end(), fits);
}

std::string is_not(std::string_view given, std::string_view expected) {
    return fmt::format("\"{}\" is not {}", printable(given, 60), expected);
}

/// "0000:3b:00.0", or without the domain.
bool is_pci_address(std::string_view text) noexcept {
    if (text.size() == 12) {
        if (!all_of(text.substr(0, 4), hexadecimal) || text[4] != ':')
            return false;
        text.remove_prefix(5);
    }
    return text.size() == 7 && all_of(text.substr(0, 2), hexadecimal) && text[2] == ':' &&
           all_of(text.substr(3, 2), hexadecimal) && text[5] == '.' && text[6] >= '0' &&
           text[6] <= '7';
}

bool is_virtual_device(std::string_view text) noexcept {
    const auto fits = [](char c) noexcept { return letter_or_digit(c) || c == '_'; };
    return text.starts_with("net_") && text.size() > 4 && text.size() <= 32 && all_of(text, fits);
}

/// Base64 of 32 octets has 43 digits, of which the last has two bits that count for nothing and
/// are 0, and one '='.
bool is_key(std::string_view text) noexcept {
    constexpr std::string_view last = "AEIMQUYcgkosw048";
    const auto digit = [](char c) noexcept { return letter_or_digit(c) || c == '+' || c == '/'; };
    return text.size() == 44 && text[43] == '=' && all_of(text.substr(0, 43), digit) &&
           last.find(text[42]) != std::string_view::npos;
}

} // namespace

failed not_text(const value& item, std::string_view expected) {
    if (item.kind != value_kind::text)
        return fmt::format("expected {}, not {}", expected, config::name(item.kind));
    if (item.text.empty())
        return "empty";
    if (item.text.size() > text_octets_max)
        return fmt::format("longer than {} octets", text_octets_max);
    if (!is_printable(item.text, false))
        return "has characters that are not printable";
    return {};
}

std::string name::values() {
    return fmt::format("1 to {} letters, digits, '.', '_' or '-', beginning with a letter, digit "
                       "or '_'",
                       name_octets_max);
}

failed name::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, "text"))
        return wrong;
    to = item.text;
    const auto fits = [](char c) noexcept {
        return letter_or_digit(c) || c == '.' || c == '_' || c == '-';
    };
    if (to.size() <= name_octets_max && all_of(to, fits) && to.front() != '.' && to.front() != '-')
        return {};
    return is_not(to, values());
}

failed reference::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, "text"))
        return wrong;
    to = item.text;
    return {};
}

std::string device::values() {
    return "a PCI address (\"0000:3b:00.0\") or a virtual device (\"net_af_packet,iface=eth0\")";
}

failed device::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    to = item.text;
    const std::string_view first = std::string_view(to).substr(0, to.find(','));
    if (is_pci_address(first) || is_virtual_device(first))
        return {};
    return is_not(to, values());
}

failed public_key::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    to = item.text;
    // What stands here by mistake might be a secret: it is not repeated in the message.
    return is_key(to) ? failed{}
                      : "is not " + values() +
                            "; the other end makes its own: `landfall key generate > tunnel.key`, "
                            "then `landfall key public < tunnel.key`";
}

failed recipient::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    to = item.text;
    const auto fits = [](char c) noexcept {
        return std::string_view("qpzry9x8gf2tvdw0s3jn54khce6mua7l").find(c) !=
               std::string_view::npos;
    };
    constexpr std::string_view mark = "age1";
    if (to.size() == 62 && to.starts_with(mark) &&
        all_of(std::string_view(to).substr(mark.size()), fits))
        return {};
    // A secret may stand here by mistake: it is not repeated.
    return to.starts_with("AGE-SECRET-KEY-")
               ? "is a secret key, which belongs to the tenant alone: `age-keygen -y` gives its "
                 "public one"
               : "is not " + values();
}

failed channel::read(const value& item, channel_name& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    const std::string_view text = item.text;
    const auto colon = text.find(':');
    to.carrier = text.substr(0, colon);
    if (colon == std::string_view::npos)
        return {};
    const std::string_view digits = text.substr(colon + 1);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || number > 63)
        return is_not(text, values() + ", with a channel of 0 to 63");
    to.vcid = static_cast<std::uint8_t>(number);
    return {};
}

std::string channel::write(const channel_name& from) {
    return in_quotes(from.vcid ? fmt::format("{}:{}", from.carrier, *from.vcid) : from.carrier);
}

failed nats_url::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    to = item.text;
    const auto colon = to.find("://");
    const std::string_view scheme = std::string_view(to).substr(0, std::min(colon, to.size()));
    const bool known = scheme == "nats" || scheme == "tls";
    if (known && colon + 3 < to.size() && to.find_first_of(" ,\"") == std::string::npos &&
        to.find('@') == std::string::npos)
        return {};
    // A password may stand in it.
    return "is not " + values() + "; who connects is told by credentials_file";
}

failed stream::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    to = item.text;
    const auto fits = [](char c) noexcept { return letter_or_digit(c) || c == '_' || c == '-'; };
    return to.size() <= 32 && all_of(to, fits) ? failed{} : is_not(to, values());
}

failed interface::read(const value& item, std::string& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    const auto fits = [](char c) noexcept {
        return letter_or_digit(c) || std::string_view("_=+.-").find(c) != std::string_view::npos;
    };
    to = item.text;
    if (to.size() <= 15 && all_of(to, fits) && to != "." && to != "..")
        return {};
    return is_not(to, values());
}

failed path::read(const value& item, std::filesystem::path& to) {
    if (const auto wrong = not_text(item, "a path"))
        return wrong;
    to = item.text;
    return {};
}

failed flag::read(const value& item, bool& to) {
    if (item.kind != value_kind::boolean)
        return fmt::format("expected true or false, not {}", config::name(item.kind));
    to = item.boolean;
    return {};
}

failed own_address::read(const value& item, base::ip_prefix& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    const auto got = base::parse_prefix(item.text);
    if (!got)
        return is_not(item.text, values());
    to = *got;
    const unsigned bits = static_cast<unsigned>(8 * to.address.size());
    if (item.text.find('/') == std::string::npos)
        return fmt::format("\"{}\" has no prefix length: \"{}/{}\"", item.text, item.text,
                           to.address.v6 ? 64 : 24);
    if (to.address.unspecified() || to.address.multicast() || to.length == 0)
        return is_not(item.text, "an address that an interface can have");
    if (to.length >= bits - 1)
        return {}; // RFC 3021, RFC 6164: links of two, and hosts
    if (to.network().address == to.address)
        return fmt::format("\"{}\" is the network, not an address in it", item.text);
    if (!to.address.v6) {
        base::ip_prefix flipped = to;
        for (auto& octet : flipped.address.octet)
            octet = static_cast<std::uint8_t>(~octet);
        if (flipped.network().address == flipped.address)
            return fmt::format("\"{}\" is the network's broadcast address", item.text);
    }
    return {};
}

failed network::read(const value& item, base::ip_prefix& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    const auto got = base::parse_prefix(item.text);
    if (!got)
        return is_not(item.text, values());
    to = got->network();
    if (to.address == got->address)
        return {};
    return fmt::format("\"{}\" has bits behind its length: \"{}\" is the network, \"{}\" the host",
                       item.text, to_text(to), to_text(got->address));
}

failed host::read(const value& item, base::ip_address& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    const auto got = base::parse_ip(item.text);
    if (!got)
        return is_not(item.text, values());
    to = *got;
    if (to.unspecified() || to.multicast())
        return is_not(item.text, "the address of a host");
    return {};
}

failed endpoint::read(const value& item, base::udp_endpoint& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    const auto got = base::parse_endpoint(item.text);
    if (!got)
        return is_not(item.text, values());
    to = *got;
    return {};
}

failed allowance::read(const value& item, host_allowance& to) {
    if (const auto wrong = not_text(item, values()))
        return wrong;
    const std::string_view text = item.text;
    if (text == "icmp") {
        to = {host_protocol::icmp, 0};
        return {};
    }
    const bool tcp = text.starts_with("tcp/");
    if (!tcp && !text.starts_with("udp/"))
        return is_not(text, values());
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 4, end, to.port);
    if (error != std::errc{} || stop != end || to.port == 0 || text[4] == '0')
        return is_not(text, values());
    to.protocol = tcp ? host_protocol::tcp : host_protocol::udp;
    return {};
}

std::string allowance::write(const host_allowance& from) {
    if (from.protocol == host_protocol::icmp)
        return in_quotes("icmp");
    return in_quotes(
        fmt::format("{}/{}", from.protocol == host_protocol::tcp ? "tcp" : "udp", from.port));
}

std::string number_values(std::int64_t least, std::int64_t most, quantity unit) {
    return unit == quantity::none ? fmt::format("{} to {}", least, most)
                                  : fmt::format("{} to {} ({})", least, most, units_of(unit));
}

std::expected<std::int64_t, std::string> read_number(const value& item, std::int64_t least,
                                                     std::int64_t most, quantity unit) {
    double given = item.number;
    if (item.kind == value_kind::text && unit != quantity::none) {
        const auto parsed = parse_quantity(item.text, unit);
        if (!parsed)
            return std::unexpected(parsed.error());
        given = *parsed;
        if (given != std::floor(given))
            return std::unexpected(fmt::format("\"{}\" is no whole number of {}",
                                               printable(item.text, 40),
                                               unit == quantity::duration ? "seconds" : "octets"));
    } else if (item.kind != value_kind::integer) {
        return std::unexpected(fmt::format("expected an integer from {}, not {}",
                                           number_values(least, most, unit),
                                           config::name(item.kind)));
    }
    // Doubles hold every number of a range exactly, and far ones stay out of it.
    if (!(given >= static_cast<double>(least) && given <= static_cast<double>(most)))
        return std::unexpected(fmt::format("{} is not within {} to {}", given, least, most));
    return static_cast<std::int64_t>(given);
}

std::string word_values(std::span<const word> known) {
    std::string list;
    for (const word& one : known)
        list += (list.empty() ? "" : ", ") + in_quotes(one.text);
    return list;
}

std::expected<int, std::string> read_word(const value& item, std::span<const word> known) {
    if (item.kind != value_kind::text)
        return std::unexpected(
            fmt::format("expected one of {}, not {}", word_values(known), config::name(item.kind)));
    std::vector<std::string_view> words;
    for (const word& one : known) {
        if (one.text == item.text)
            return one.value;
        words.push_back(one.text);
    }
    return std::unexpected(fmt::format("\"{}\" is not one of {}{}", printable(item.text, 40),
                                       word_values(known), did_you_mean(item.text, words)));
}

} // namespace landfall::config::formats
