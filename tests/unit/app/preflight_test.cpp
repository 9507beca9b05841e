// SPDX-License-Identifier: MIT
#include "app/preflight.h"
#include "crypto/start.h"
#include "scratch_folder.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

using namespace landfall;
namespace fs = std::filesystem;

namespace {

// Keys of the manual of wg(8), and what `wg pubkey` says of the first.
constexpr const char* own_key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
constexpr const char* peers_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

struct machine {
    machine() { folder.write("tunnel.key", std::string(own_key) + '\n'); }

    /// What is found, in short, of a good configuration in which `from` is `to`.
    app::preflight inspected(const std::string& from = "", const std::string& to = "") const {
        std::string text = R"(config_version = 1
[[port]]
name = "rf"
device = "net_null0"
address = ["192.0.2.10/24"]
[[port]]
name = "mdc"
device = "net_af_packet1,iface=lo"
address = ["198.51.100.10/24"]
gateway = ["198.51.100.1"]
[[carrier]]
name = "a"
mission = "gk2a-lrit"
port = "rf"
[tunnel]
port = "mdc"
private_key_file = "tunnel.key"
address = ["10.77.0.1/24"]
[[peer]]
name = "p"
public_key = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
endpoint = "203.0.113.7:51820"
allowed_ips = ["10.77.0.7"]
[[route]]
carrier = "a"
to = "p"
udp = "10.77.0.7:50011"
)";
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
        const auto settings = config::read_gateway(
            {{(folder.path / "l.toml").string(), text}},
            {fs::path(std::getenv("LANDFALL_SOURCE")) / "config" / "missions"});
        REQUIRE_MESSAGE(settings.has_value(), settings.error().text());
        return app::inspect(*settings);
    }
    std::string errors(const std::string& from, const std::string& to) const {
        return shortened(inspected(from, to).found.errors);
    }
    std::string warnings(const std::string& from, const std::string& to) const {
        const auto result = inspected(from, to);
        CHECK(result.found.code() == base::exit_code::done);
        return shortened(result.found.warnings);
    }
    std::string shortened(const config::diagnostics& list) const {
        std::string all;
        for (const config::diagnostic& one : list.list())
            all += fmt::format("{}:{}: {}\n", one.at.line, one.at.column, one.message);
        const std::string prefix = folder.path.string() + "/";
        for (auto at = all.find(prefix); at != std::string::npos; at = all.find(prefix))
            all.erase(at, prefix.size());
        return all;
    }

    test::scratch_folder folder;
};

} // namespace

TEST_CASE("app/preflight: a good configuration has nothing to tell, and its keys are read") {
    const machine here;
    const app::preflight result = here.inspected();
    CHECK(here.shortened(result.found.errors).empty());
    CHECK(here.shortened(result.found.warnings).empty());
    CHECK(result.found.code() == base::exit_code::done);
    CHECK(crypto::secret_text(result.keys.own) == own_key);
    REQUIRE(result.keys.peers.size() == 1);
    CHECK(crypto::to_text(result.keys.peers[0]) == peers_key);
    REQUIRE(result.keys.preshared.size() == 1);
    CHECK_FALSE(result.keys.preshared[0].has_value());
}

TEST_CASE("app/preflight: devices, drivers and arguments that are not there") {
    const machine here;
    const auto device = [&](const std::string& given) { return here.errors("net_null0", given); };
    CHECK(device("0000:ff:1f.7") == "4:10: device: there is no PCI device 0000:ff:1f.7\n");
    CHECK(device("ff:1f.7,rxq=1") == "4:10: device: there is no PCI device 0000:ff:1f.7\n");
    CHECK(device("net_af_paket,iface=rf0") ==
          "4:10: device: DPDK has no driver 'net_af_paket'; did you mean 'net_af_packet'?\n");
    CHECK(device("net_null0,no-rs=1") ==
          "4:10: device: DPDK has no argument 'no-rs'; did you mean 'no-rx'?\n");
    CHECK(here.inspected("net_null0", "net_af_packet0,iface=nowhere0").found.code() ==
          base::exit_code::try_again);
    CHECK(here.inspected("net_null0", "0000:ff:1f.7").found.code() == base::exit_code::try_again);
    CHECK(here.inspected("net_null0", "net_af_paket,iface=rf0").found.code() ==
          base::exit_code::bad_configuration);
    CHECK(device("net_af_packet0,iface=nowhere0") ==
          "4:10: device: no network interface is named \"nowhere0\"\n");
    CHECK(device("net_af_packet0").find("names no interface: iface=NAME") != std::string::npos);
    CHECK(device("net_pcap,rx_pcap=/no.pcap") ==
          "4:10: device: /no.pcap: No such file or directory\n");
    CHECK(device("net_tap0,iface=made").empty());
}

TEST_CASE("app/preflight: an interface with a smaller MTU than its port is a warning") {
    const machine here;
    CHECK(here.warnings("iface=lo\"\n", "iface=lo\"\nmtu = 9216\n").empty()); // it has 65,536
    const auto route =
        here.errors("net_null0\"\n", "net_af_packet0,iface=nowhere0\"\nmtu = 9000\n");
    CHECK(route == "4:10: device: no network interface is named \"nowhere0\"\n");
}

TEST_CASE("app/preflight: metrics on an address that the machine does not have") {
    const machine here;
    const auto listen = [&](const char* at) {
        return here.errors("[tunnel]", fmt::format("[metrics]\nlisten = \"{}\"\n[tunnel]", at));
    };
    CHECK(listen("203.0.113.9:9464") ==
          "16:10: listen: 203.0.113.9 is no address of this machine\n");
    CHECK(listen("127.0.0.1:1").empty()); // even if a port is taken, or not for everyone
    CHECK(listen("0.0.0.0:9464").empty());
}

TEST_CASE("app/preflight: metrics may be served on the host's interface") {
    const machine here;
    const auto found =
        here.inspected("[tunnel]", "[host]\n[metrics]\nlisten = \"10.77.0.1:9464\"\n[tunnel]")
            .found;
    // It is there as soon as the interface is, for which something may be missing here.
    CHECK(here.shortened(found.errors).find("listen") == std::string::npos);
    CHECK(here.errors("[tunnel]", "[metrics]\nlisten = \"10.77.0.1:9464\"\n[tunnel]") ==
          "16:10: listen: 10.77.0.1 is no address of this machine\n");
}

TEST_CASE("app/preflight: receive queues and io lcores that do not go together") {
    const machine here;
    const auto with_io = [&](const char* device, const char* io) {
        const auto result = here.inspected(
            R"([[port]]
name = "rf"
device = "net_null0"
address = ["192.0.2.10/24"]
[[port]]
name = "mdc"
device = "net_af_packet1,iface=lo")",
            fmt::format("[lcores]\nio = {}\n[[port]]\nname = \"rf\"\ndevice = \"{}\"\n"
                        "address = [\"192.0.2.10/24\"]\n[[port]]\nname = \"mdc\"\n"
                        "device = \"net_null1\"",
                        io, device));
        std::string all = here.shortened(result.found.errors);
        std::string mine;
        for (std::size_t at = 0; at < all.size();) { // not of CPUs that this machine lacks
            const auto end = all.find('\n', at) + 1;
            const auto line = all.substr(at, end - at);
            mine += line.find("CPU") == std::string::npos ? line : "";
            at = end;
        }
        return mine + here.shortened(result.found.warnings);
    };
    CHECK(with_io("net_null0", "[0, 1]").empty());
    CHECK(with_io("net_null0", "[0, 1, 2]").empty());
    CHECK(with_io("net_af_packet,iface=lo,qpairs=2", "[0, 1, 2]").empty());
    CHECK(with_io("net_af_packet,iface=lo,qpairs=2", "[0, 1]") ==
          "6:10: device: qpairs=2 needs as many io lcores for this port with carriers, which gets "
          "1\n");
    CHECK(with_io("net_af_packet,iface=lo", "[0, 1, 2]") ==
          "3:6: io: 1 CPU more than there are receive queues for\n"
          "6:10: device: it has 1 receive queue, of 2 that io lcores could read; see qpairs=\n");
}

TEST_CASE("app/preflight: a carrier that one core cannot follow is a warning") {
    const machine here;
    CHECK(here.warnings("gk2a-lrit", "gk2a-hrit").empty());
    CHECK(here.warnings("port = \"rf\"\n[", "port = \"rf\"\nsymbol_rate_hz = 200e6\n[")
              .starts_with("11:1: carrier \"a\" has 200 Msym/s: more than the some "));
}

TEST_CASE("app/keys_of: peers' keys that cannot be") {
    const machine here;
    const auto key = [&](const std::string& given) { return here.errors(peers_key, given); };
    CHECK(key("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").starts_with("21:14: public_key: "));
    // RFC 7748, section 6.1 and https://cr.yp.to/ecdh.html: 1, a point of order 8, p - 1.
    for (const char* low : {"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                            "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=",
                            "7P///////////////////////////////////////38="}) {
        CAPTURE(low);
        CHECK(key(low) == "21:14: public_key: no private key has it\n");
    }
    REQUIRE(crypto::start());
    const auto own = crypto::parse_secret_key(own_key);
    REQUIRE(own);
    CHECK(key(crypto::to_text(crypto::public_of(*own))) ==
          "21:14: public_key: it is the gateway's own\n");
}

TEST_CASE("app/keys_of: a public key where the private one has to be is a warning") {
    const machine here;
    CHECK(here.warnings("", "").empty());
    here.folder.write("tunnel.key", "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=\n");
    CHECK(here.warnings("", "").starts_with("17:20: private_key_file: no key that"));
}

TEST_CASE("app/keys_of: a private key of zeros is none") {
    const machine here;
    here.folder.write("tunnel.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    CHECK(here.errors("", "") ==
          "17:20: private_key_file: the key is all zeros, which stands for none\n");
}

TEST_CASE("app/preflight: an address that the kernel has as well is a warning") {
    const machine here;
    CHECK(here.warnings("192.0.2.10/24", "127.0.0.1/24")
              .starts_with("5:12: address: the kernel has 127.0.0.1 too, on lo: it answers"));
}

TEST_CASE("app/keys_of: files that are absent, damaged, or everyone's") {
    const machine here;
    const std::string psk = "endpoint";
    const std::string with = "preshared_key_file = \"p.psk\"\nendpoint";
    CHECK(here.errors(psk, with) == "22:22: preshared_key_file: key file 'p.psk': No such file or "
                                    "directory; `(umask 077; landfall key preshared > p.psk)` "
                                    "makes one\n");
    here.folder.write("p.psk", std::string(own_key) + "\n", 0644);
    CHECK(here.warnings(psk, with).starts_with(
        "22:22: preshared_key_file: key file 'p.psk': others"));
    const auto result = here.inspected(psk, with);
    REQUIRE(result.keys.preshared.at(0).has_value());
    CHECK(crypto::secret_text(*result.keys.preshared[0]) == own_key);
    here.folder.write("tunnel.key", "secret\n");
    const std::string damaged = here.errors("", "");
    CHECK(damaged.starts_with("17:20: private_key_file: key file 'tunnel.key': holds no key"));
    CHECK(damaged.find("secret") == std::string::npos);
}

TEST_CASE("app/findings: 75 where all may come by itself, 77 where permissions lack, else 78") {
    app::findings found;
    CHECK(found.code() == base::exit_code::done);
    found.lacking({}, "not yet");
    CHECK(found.code() == base::exit_code::try_again);
    found.wrong({}, "no", base::exit_code::no_permission);
    CHECK(found.code() == base::exit_code::no_permission);
    found.wrong({}, "wrong");
    CHECK(found.code() == base::exit_code::bad_configuration);
    found.wrong({}, "no", base::exit_code::no_permission);
    CHECK(found.code() == base::exit_code::bad_configuration);
}
