// SPDX-License-Identifier: MIT
#include "config/gateway.h"
#include "config/gateway_keys.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace landfall;
using namespace landfall::config;
namespace fs = std::filesystem;

namespace {

fs::path config_folder() {
    const char* const source = std::getenv("LANDFALL_SOURCE");
    return fs::path(source != nullptr ? source : ".") / "config";
}

folders presets() {
    return {config_folder() / "missions"};
}

std::string text_of(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// An example, with keys where an operator fills them in.
gateway_result example(const fs::path& path) {
    std::string text = text_of(path);
    const std::string blank = "public_key = \"(";
    for (const char* key : {"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=",
                            "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="})
        if (const auto at = text.find(blank); at != std::string::npos)
            text.replace(at, text.find('\n', at) - at, fmt::format("public_key = \"{}\"", key));
    const std::string nobody = "\"(age1";
    if (const auto at = text.find(nobody); at != std::string::npos)
        text.replace(at, text.find(']', at) - at,
                     "\"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdxz7ewlqsz5nsg\"");
    return read_gateway({{path.string(), std::move(text)}}, presets());
}

gateway good(const gateway_result& loaded) {
    INFO((loaded ? std::string{} : loaded.error().text()));
    REQUIRE(loaded.has_value());
    return *loaded;
}

std::string errors_of(std::string text, use purpose = use::replay) {
    const auto read = read_gateway({{"l.toml", std::move(text)}}, presets(), purpose);
    REQUIRE_FALSE(read.has_value());
    return read.error().text();
}

/// Errors in short: `LINE:COL: MESSAGE` in lines.
std::string short_errors_of(const gateway_result& read) {
    REQUIRE_FALSE(read.has_value());
    std::string all;
    for (const diagnostic& one : read.error().list())
        all += fmt::format("{}:{}: {}\n", one.at.line, one.at.column, one.message);
    return all;
}

std::string without_comments(const std::string& text) {
    std::stringstream lines(text);
    std::string all;
    for (std::string line; std::getline(lines, line);)
        all += line.substr(0, line.rfind("  # ")) + '\n';
    return all;
}

/// A folder that goes away.
struct folder {
    folder() : path(fs::temp_directory_path() / "landfall-unit-gateway") {
        fs::remove_all(path);
        fs::create_directories(path / "conf.d");
    }
    ~folder() { fs::remove_all(path); }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path / name) << text;
    }

    fs::path path;
};

const std::string carrier_only = "config_version = 1\n[[carrier]]\nname = \"a\"\n"
                                 "mission = \"jpss-hrd\"\n";

/// A whole gateway, to which mistakes are added.
const std::string base_text = R"(config_version = 1
[[port]]
name = "rf"
device = "net_af_packet0,iface=rf0"
address = ["192.0.2.10/24"]
[[port]]
name = "mdc"
device = "net_af_packet1,iface=mdc0"
address = ["198.51.100.10/24"]
gateway = ["198.51.100.1"]
[[carrier]]
name = "a"
mission = "jpss-hrd"
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

/// What is wrong with the whole gateway and `more`, lines counted from 1 in `more`.
std::string added(const std::string& more) {
    const auto read = read_gateway({{"base.toml", base_text}, {"m.toml", more}}, presets());
    REQUIRE_FALSE(read.has_value());
    std::string all;
    for (const diagnostic& one : read.error().list())
        all += fmt::format("{}{}:{}: {}\n", one.file == "m.toml" ? "" : "base ", one.at.line,
                           one.at.column, one.message);
    return all;
}

std::string warned(const std::string& more) {
    const gateway all = good(read_gateway({{"base.toml", base_text}, {"m.toml", more}}, presets()));
    std::string text;
    for (const diagnostic& one : all.warnings.list())
        text += fmt::format("{}:{}: {}\n", one.at.line, one.at.column, one.message);
    return text;
}

const std::string other_key = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";

std::string peer(const std::string& name, const std::string& allowed,
                 const std::string& more = "") {
    return fmt::format("[[peer]]\nname = \"{}\"\npublic_key = \"{}\"\nallowed_ips = [{}]\n{}", name,
                       other_key, allowed, more);
}

} // namespace

TEST_CASE("config/gateway_loader: carriers are missions with overrides, and enough for replay") {
    const gateway read = good(read_gateway({{"l.toml", R"(config_version = 1
[[carrier]]
name = "noaa20"
mission = "jpss-hrd"
port = "rf"
udp_port = 4992
stream_id = 0x1001
symbol_rate_hz = "14 Msym/s"
frequency_hz = "7812 MHz"
rs_interleave = 5
[[carrier]]
name = "aqua"
mission = "aqua-db"
)"}},
                                           presets(), use::replay));
    REQUIRE(read.carriers.size() == 2);
    const carrier_settings& first = read.carriers.front();
    CHECK(first.name == "noaa20");
    CHECK(first.mission.name == "jpss-hrd");
    CHECK(first.port == "rf");
    CHECK(first.udp_port == 4992);
    CHECK(first.stream_id == 0x1001U);
    CHECK(first.mission.wave.symbol_rate_hz == 14e6);
    CHECK(first.mission.frequency_hz == 7812e6);
    CHECK(first.mission.coding.frame_octets == 1115);
    CHECK(first.mission.coding.line_code == fec::nrz::m);
    CHECK(origin_of(first.mission_given, "rs_interleave").at == position{10, 17});
    CHECK(origin_of(first.mission_given, "nrz").source->name.ends_with("jpss-hrd.toml"));
    CHECK(find_origin(first.mission_given, "frame_octets") == nullptr); // follows the interleave
    CHECK_FALSE(read.carriers.back().stream_id.has_value());
    CHECK(find_origin(read.carriers.back().given, "udp_port") == nullptr);
    CHECK(read.carriers.back().mission.wave.kind == dsp::modulation::oqpsk);
    CHECK(read.metrics.endpoint == base::parse_endpoint("127.0.0.1:9464"));
}

TEST_CASE("config/gateway_loader: all mistakes of a configuration are told at once") {
    CHECK(errors_of(R"([[carriers]]
[[carrier]]
mission = "jps-hrd"
udp_port = 0
[[carrier]]
name = "../x"
mission = "jpss-hrd"
stream_id = -1
symbol_rate = 1
[[carrier]]
name = "a"
port = 7
roll_off = 2
mission = "/nowhere.toml"
[[carrier]]
name = "a"
mission = ""
)") == R"(l.toml:1:1: error: config_version = 1 is required
    [[carriers]]
    ^
l.toml:1:3: error: unknown key 'carriers'; did you mean 'carrier'?
    [[carriers]]
      ^
l.toml:2:1: error: the carrier has no name
    [[carrier]]
    ^
l.toml:3:11: error: mission: no mission is named 'jps-hrd'; did you mean 'jpss-hrd'?
    mission = "jps-hrd"
              ^
l.toml:4:12: error: udp_port: 0 is not within 1 to 65535
    udp_port = 0
               ^
l.toml:6:8: error: name: "../x" is not 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter, digit or '_'
    name = "../x"
           ^
l.toml:8:13: error: stream_id: -1 is not within 0 to 4294967295
    stream_id = -1
                ^
l.toml:9:1: error: unknown key 'symbol_rate'; did you mean 'symbol_rate_hz'?
    symbol_rate = 1
    ^
l.toml:12:8: error: port: expected text, not an integer
    port = 7
           ^
l.toml:13:12: error: roll_off: 2 is not within 0.2 to 0.6
    roll_off = 2
               ^
l.toml:14:11: error: mission: /nowhere.toml: no such file
    mission = "/nowhere.toml"
              ^
l.toml:16:8: error: name: "a" is another carrier's, l.toml:11:8
    name = "a"
           ^
l.toml:17:11: error: mission: empty
    mission = ""
              ^
)");
}

TEST_CASE("config/gateway_loader: what must be there is asked for") {
    CHECK(errors_of("config_version = 1\n") == "l.toml: error: there is no [[carrier]]\n");
    CHECK(errors_of("config_version = 2\n[carrier]\nname = \"a\"\n")
              .find("l.toml:2:2: error: carrier: expected [[carrier]] tables\n") !=
          std::string::npos);
    CHECK(errors_of("config_version = 1\n[[tunnel]]\n").find("tunnel: expected a [tunnel] table") !=
          std::string::npos);
    CHECK(errors_of("config_version = 1\n", use::run) ==
          "l.toml: error: there is no [[carrier]]\nl.toml: error: there is no [[port]]\n");
    CHECK(short_errors_of(read_gateway({{"l.toml", carrier_only + "[[port]]\n[tunnel]\n"
                                                                  "[[peer]]\n[[route]]\n"}},
                                       presets())) ==
          "2:1: the carrier has no port\n5:1: the port has no name\n5:1: the port has no device\n"
          "6:1: the tunnel has no port\n6:1: the tunnel has no private_key_file\n"
          "6:1: the tunnel has no address\n7:1: the peer has no name\n"
          "7:1: the peer has no public_key\n7:1: the peer has no allowed_ips\n"
          "8:1: the route has no to\n8:1: the route has no udp, its destination as \"frames\"\n");
    CHECK(short_errors_of(read_gateway({{"l.toml", carrier_only + "port = \"rf\"\n[[port]]\n"
                                                                  "name = \"rf\"\ndevice = "
                                                                  "\"net_null0\"\n[[route]]\n"
                                                                  "to = []\nas = \"ip\"\n"}},
                                       presets())) ==
          "9:1: peers and routes need a [tunnel]\n10:6: to: empty\n");
}

TEST_CASE("config/gateway_loader: a mission file's own errors are told once and in its name") {
    const folder root;
    root.write("l.toml", "config_version = 1\n[[carrier]]\nname = \"a\"\nmission = \"./own.toml\"\n"
                         "roll_off = 1\n[[carrier]]\nname = \"b\"\nmission = \"own.toml\"\n");
    root.write("own.toml", "nrz = \"q\"\n");
    const auto read = load_gateway(root.path / "l.toml", presets(), use::replay);
    REQUIRE_FALSE(read.has_value());
    const auto list = read.error().list();
    REQUIRE(list.size() >= 2);
    CHECK(list[0].file.ends_with("l.toml"));
    CHECK(list[0].at == position{5, 12});
    CHECK(list[1].file.ends_with("own.toml"));
    CHECK(list[1].at == position{1, 7});
    root.write("own.toml", "nrz = \"m\"\nroll_off = 0.3\n");
    root.write("l.toml", "config_version = 1\n[[carrier]]\nname = \"a\"\nmission = \"own.toml\"\n");
    const gateway loaded = good(load_gateway(root.path / "l.toml", {}, use::replay));
    CHECK(loaded.carriers.front().mission.wave.roll_off == 0.3);
}

TEST_CASE("config/gateway_loader: files of conf.d are merged in the order of their names") {
    const folder root;
    root.write("l.toml", base_text + "[gateway]\nname = \"first\"\n[lcores]\nio = [1]\n");
    root.write("conf.d/20.toml", "[gateway]\nname = \"third\"\n[tunnel]\nlisten_port = 7\n" +
                                     peer("q", "\"10.77.0.8\""));
    root.write("conf.d/10.toml", "[gateway]\nname = \"second\"\n[lcores]\nmodem = [2]\n");
    root.write("conf.d/.30.toml", "not TOML");
    root.write("conf.d/30.toml~", "not TOML");
    const gateway all = good(load_gateway(root.path / "l.toml", presets()));
    CHECK(all.name == "third");
    CHECK(all.lcores.io == std::vector<unsigned>{1});
    CHECK(all.lcores.modem == std::vector<unsigned>{2});
    REQUIRE(all.tunnel.has_value());
    CHECK(all.tunnel->listen_port == 7);
    CHECK(all.tunnel->private_key_file == "tunnel.key");
    CHECK(all.peers.size() == 2);
    CHECK(origin_of(all.given, "name").source->name == (root.path / "conf.d/20.toml").string());
    CHECK(key_path("x.key", all.peers.back().at) == root.path / "conf.d" / "x.key");
    CHECK(key_path("/x.key", all.peers.back().at) == "/x.key");

    root.write("conf.d/30.toml", peer("p", "\"10.77.0.9\""));
    CHECK(short_errors_of(load_gateway(root.path / "l.toml", presets()))
              .starts_with(fmt::format("2:8: name: \"p\" is another peer's, {}:20:8\n",
                                       (root.path / "l.toml").string())));
}

TEST_CASE("config/gateway_loader: what cannot be read of conf.d says so") {
    const folder root;
    root.write("l.toml", base_text);
    fs::create_directory(root.path / "conf.d" / "1.toml");
    fs::create_symlink("2.toml", root.path / "conf.d" / "2.toml");
    fs::create_symlink("nowhere", root.path / "conf.d" / "3.toml");
    root.write("conf.d/4.toml", "name = \"\xFF\"\n");
    root.write("conf.d/5.toml", std::string(file_octets_max + 1, '#'));
    const auto read = load_gateway(root.path / "l.toml", presets());
    REQUIRE_FALSE(read.has_value());
    const std::string text = read.error().text();
    for (const char* part : {"1.toml: error: not a regular file", "2.toml: error: cannot be read: ",
                             "3.toml: error: no such file", "4.toml:1:", "5.toml: error: larger"}) {
        INFO(part << "\n" << text);
        CHECK(text.find(part) != std::string::npos);
    }
    fs::remove_all(root.path / "conf.d");
    root.write("conf.d", "");
    CHECK(short_errors_of(load_gateway(root.path / "l.toml", presets())).find("Not a directory") !=
          std::string::npos);
    fs::remove(root.path / "conf.d");
    good(load_gateway(root.path / "l.toml", presets()));
    fs::create_directory(root.path / "conf.d");
    for (std::size_t i = 0; i <= files_max; ++i)
        root.write(fmt::format("conf.d/{}.toml", i), "");
    CHECK(short_errors_of(load_gateway(root.path / "l.toml", presets())).find("more than 64") !=
          std::string::npos);
}

TEST_CASE("config/gateway_loader: keys are looked for among the credentials first") {
    const folder root;
    const source_text file{"/etc/x/l.toml", {}};
    root.write("tunnel.key", "");
    setenv("CREDENTIALS_DIRECTORY", root.path.c_str(), 1);
    CHECK(key_path("tunnel.key", {&file, {1, 1}}) == root.path / "tunnel.key");
    CHECK(key_path("other.key", {&file, {1, 1}}) == "/etc/x/other.key");
    CHECK(key_path("keys/tunnel.key", {&file, {1, 1}}) == "/etc/x/keys/tunnel.key");
    unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(key_path("tunnel.key", {&file, {1, 1}}) == "/etc/x/tunnel.key");
}

TEST_CASE("config/gateway_loader: the printed configuration loads to the same gateway") {
    for (const fs::path& path : {config_folder() / "examples" / "physical.toml",
                                 config_folder() / "examples" / "landfall.toml"}) {
        const gateway all = good(example(path));
        const std::string written = toml_text(all);
        const gateway again = good(read_gateway({{"again.toml", written}}, presets()));
        CHECK(without_comments(toml_text(again)) == without_comments(written));
        CHECK(again.warnings.list().size() == all.warnings.list().size());
        CHECK(again.routes.size() == all.routes.size());
        CHECK(again.routes.front().udp == all.routes.front().udp);
    }
    const std::string text = toml_text(good(read_gateway({{"b.toml", base_text}}, presets())));
    CHECK(text.find("\nname = \"rf\"  # b.toml:3\n") != std::string::npos);
    CHECK(text.find("\nmtu = 1500  # default\n") != std::string::npos);
    CHECK(text.find("jpss-hrd.toml:") != std::string::npos);
}

TEST_CASE("config/gateway_loader: every example loads without a warning once it has keys") {
    std::size_t count = 0;
    for (const auto& item : fs::directory_iterator(config_folder() / "examples")) {
        if (item.is_directory()) {
            continue; // of the other end
        }
        INFO(item.path());
        ++count;
        CHECK(good(example(item.path())).warnings.text("warning").empty());
        const std::string unfilled = load_gateway(item.path(), presets()).error().text();
        CHECK(unfilled.find("`landfall key generate > tunnel.key`") != std::string::npos);
    }
    CHECK(count >= 2);
}

TEST_CASE("config/gateway_loader: the README has a heading for each key, with its values") {
    const std::string text = text_of(config_folder() / "README.md");
    for (const documented_key& key : gateway_keys()) {
        INFO(key.table << " " << key.name << ": " << key.values);
        const auto heading = text.find(fmt::format("\n### {} `{}`\n", key.table, key.name));
        REQUIRE(heading != std::string::npos);
        const auto end = text.find("\n### ", heading + 5);
        CHECK(text.substr(heading, end - heading).find(key.values) != std::string::npos);
        CHECK(text.substr(heading, end - heading).find("Example: `") != std::string::npos);
    }
}

TEST_CASE("config/gateway_checks: names, references and lcores") {
    CHECK(added("[lcores]\nio = [1, 1]\nmodem = [2, 1]\n") ==
          "2:10: io: 1 twice\n3:13: modem: CPU 1 is one of io, too; on a machine of one CPU leave "
          "both out\n");
    CHECK(added("[[route]]\ncarrier = [\"a\", \"b\"]\nto = [\"pp\"]\nas = \"ip\"\n") ==
          "2:17: carrier: there is none named \"b\"; there are: \"a\"\n3:7: to: there is none "
          "named \"pp\"; "
          "there are: \"p\"\n");
    CHECK(added("[[route]]\nto = [\"datacenter\"]\nas = \"ip\"\n") ==
          "2:7: to: there is none named \"datacenter\"; there are: \"p\"\n");
    CHECK(added("[tunnel]\nport = \"mcd\"\n") ==
          "2:8: port: there is none named \"mcd\"; did you mean 'mdc'?\n");
    CHECK(added("[[carrier]]\nname = \"b\"\nmission = \"aqua-db\"\nport = \"r\"\n")
              .starts_with("4:8: port: there is none named \"r\""));
}

TEST_CASE("config/gateway_checks: ports") {
    const auto port = [](const std::string& keys) {
        return added("[[port]]\nname = \"x\"\ndevice = \"0000:3b:00.0\"\n" + keys);
    };
    CHECK(port("address = [\"192.0.2.77/28\"]\n")
              .starts_with("4:12: address: the network of 192.0.2.77/28 overlaps that of "
                           "192.0.2.10/24, base.toml:5:12\n"));
    CHECK(port("address = [\"10.1.0.0/24\", \"10.2.0.255/24\", \"10.3.0.1\", \"224.0.0.1/8\"]\n") ==
          "4:12: address: \"10.1.0.0/24\" is the network, not an address in it\n"
          "4:27: address: \"10.2.0.255/24\" is the network's broadcast address\n"
          "4:44: address: \"10.3.0.1\" has no prefix length: \"10.3.0.1/24\"\n"
          "4:56: address: \"224.0.0.1/8\" is not an address that an interface can have\n");
    CHECK(port("address = [\"10.1.0.1/24\"]\ngateway = [\"10.2.0.1\", \"10.1.0.1\"]\n") ==
          "5:12: gateway: 10.2.0.1 is in no network of the port's addresses\n"
          "5:24: gateway: a second one for IPv4\n"
          "5:24: gateway: 10.1.0.1 is the port's own address\n");
    CHECK(port("vlan = 4095\nmtu = \"9 MB\"\n") ==
          "4:8: vlan: 4095 is not within 1 to 4094\n5:7: mtu: 9000000 is not within 576 to 9216\n");
    CHECK(port("mtu = 9217\n") == "4:7: mtu: 9217 is not within 576 to 9216\n");
    CHECK(port("mtu = 1000\naddress = \"2001:db8::2/64\"\n") ==
          "4:7: mtu: IPv6 needs at least 1280\n");
    CHECK(added("[[port]]\nname = \"x\"\ndevice = \"net_af_packet0,iface=other\"\n") ==
          "3:10: device: is another port's, base.toml:4:10\n");
    CHECK(added("[[port]]\nname = \"x\"\ndevice = \"net_af_xdp7,queue_count=1,iface=rf0\"\n") ==
          "3:10: device: the interface rf0 is another port's, base.toml:4:10\n");
    CHECK(added("[[port]]\nname = \"x\"\ndevice = \"net_af_xdp,iface=x0\"\nmtu = 3201\n") ==
          "4:7: mtu: net_af_xdp takes at most 3200; net_af_packet takes more\n");
    CHECK(added("[[port]]\nname = \"x\"\ndevice = \"eth0\"\n") ==
          "3:10: device: \"eth0\" is not a PCI address (\"0000:3b:00.0\") or a virtual device "
          "(\"net_af_packet,iface=eth0\")\n");
}

TEST_CASE("config/gateway_checks: carriers of one UDP port are told apart") {
    const std::string carrier = "[[carrier]]\nname = \"b\"\nmission = \"aqua-db\"\n";
    CHECK(added(carrier + "port = \"rf\"\nstream_id = 7\n") ==
          "1:1: stream_id: both carriers need one on port \"rf\", UDP port 4991: base.toml:11:1\n");
    CHECK(added(carrier + "port = \"mdc\"\nstream_id = 7\n" + "[[carrier]]\nname = \"c\"\n" +
                "mission = \"aqua-db\"\nport = \"mdc\"\nstream_id = 7\n") ==
          "10:13: stream_id: another carrier has the same on port \"mdc\", UDP port 4991: "
          "m.toml:1:1\n");
    CHECK(added(carrier + "port = \"mdc\"\nudp_port = 51820\n") ==
          "base 15:1: listen_port: 51820 is the udp_port of a carrier on the same port, "
          "m.toml:1:1\n");
}

TEST_CASE("config/gateway_checks: metrics are served on an IPv4 address of a host") {
    CHECK(added("[metrics]\nlisten = \"[::1]:9464\"\n")
              .starts_with("2:10: listen: metrics are served on IPv4 only"));
    CHECK(added("[metrics]\nlisten = \"224.0.0.1:9464\"\n") ==
          "2:10: listen: 224.0.0.1 is not the address of a host\n");
    CHECK(warned("[metrics]\nlisten = \"[::1]:9464\"\nenabled = false\n").empty());
    CHECK(warned("[metrics]\nlisten = \"0.0.0.0:9464\"\n").empty());
}

TEST_CASE("config/gateway_checks: the tunnel fits its port") {
    CHECK(added("[tunnel]\nmtu = 9153\n") == "2:7: mtu: 9153 is not within 576 to 9152\n");
    CHECK(added("[tunnel]\nmtu = 1441\n") ==
          "2:7: mtu: 1441 does not go through port \"mdc\" with its mtu of 1500: 1440 at most\n");
    CHECK(added("[tunnel]\naddress = [\"192.0.2.200/30\"]\n")
              .starts_with("2:12: address: the network of 192.0.2.200/30 overlaps that of "
                           "192.0.2.10/24 on port \"rf\", base.toml:5:12\n") == false); // network
    CHECK(added("[tunnel]\naddress = [\"10.77.0.1/24\", \"192.0.2.201/30\"]\n") ==
          "2:28: address: the network of 192.0.2.201/30 overlaps that of 192.0.2.10/24 on port "
          "\"rf\", base.toml:5:12\n");
    CHECK(added("[tunnel]\naddress = [\"10.77.0.1/24\", \"fd77::1/64\"]\nmtu = 1000\n") ==
          "3:7: mtu: IPv6 inside the tunnel needs at least 1280; port \"mdc\" lets 1440 through\n");
    CHECK(tunnel_mtu_max(good(read_gateway({{"b.toml", base_text}}, presets()))) == 1440);
}

TEST_CASE("config/gateway_checks: peers share no key, no network, and can be reached") {
    CHECK(added(peer("q", "\"10.77.0.0/24\", \"10.77.0.1\", \"10.9.0.1/16\", \"239.0.0.0/8\"")) ==
          "4:16: allowed_ips: 10.77.0.0/24 overlaps 10.77.0.7/32 of peer \"p\", "
          "base.toml:23:16\n"
          "4:32: allowed_ips: 10.77.0.1 is the tunnel's own address\n"
          "4:45: allowed_ips: \"10.9.0.1/16\" has bits behind its length: \"10.9.0.0/16\" is the "
          "network, \"10.9.0.1\" the host\n");
    CHECK(added("[[peer]]\nname = \"q\"\nallowed_ips = \"10.8.0.0/16\"\n"
                "public_key = \"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\"\n") ==
          "4:14: public_key: is another peer's, base.toml:21:14\n");
    CHECK(added("[[peer]]\nname = \"q\"\nallowed_ips = \"10.8.0.0/16\"\n"
                "public_key = \"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dh=\"\n") ==
          "4:14: public_key: is not 44 characters of base64, as `wg pubkey` writes them; the other "
          "end makes its own: `landfall key generate > tunnel.key`, then `landfall key public < "
          "tunnel.key`\n");
    const auto endpoint = [](const std::string& to) {
        return added(peer("q", "\"10.8.0.0/16\"", "endpoint = \"" + to + "\"\n"));
    };
    CHECK(endpoint("198.51.100.10:1") ==
          "5:12: endpoint: 198.51.100.10 is the own address of port \"mdc\"\n");
    CHECK(endpoint("[2001:db8::1]:1") == "5:12: endpoint: port \"mdc\" has no IPv6 address\n");
    CHECK(endpoint("224.0.0.1:1") == "5:12: endpoint: 224.0.0.1 is not the address of a host\n");
    CHECK(endpoint("198.51.100.7")
              .starts_with("5:12: endpoint: \"198.51.100.7\" is not an address "
                           "and a port"));
}

TEST_CASE("config/gateway_checks: a route's keys make sense together") {
    const auto route = [](const std::string& keys) {
        return added("[[route]]\nto = \"p\"\n" + keys);
    };
    CHECK(route("apid = 5\nudp = \"10.77.0.7:1\"\n") ==
          "3:8: apid: is for routes as \"packets\", not \"frames\"\n");
    CHECK(route("as = \"packets\"\nheader = \"landfall\"\nudp = \"10.77.0.7:1\"\n") ==
          "4:10: header: is for routes as \"frames\", not \"packets\"\n");
    CHECK(route("as = \"iq\"\nvcid = 64\nspacecraft_id = 1\n") ==
          "1:1: the route has no udp, its destination as \"iq\"\n"
          "4:8: vcid: 64 is not within 0 to 63\n"
          "5:17: spacecraft_id: is for routes as \"frames\", \"packets\", \"ip\", not \"iq\"\n");
    CHECK(route("as = \"ip\"\nudp = \"10.77.0.7:1\"\n") ==
          "4:7: udp: is for routes as \"frames\", \"packets\", \"iq\", not \"ip\"\n");
    CHECK(route("as = \"frame\"\n") == "3:6: as: \"frame\" is not one of \"frames\", \"packets\", "
                                       "\"ip\", \"iq\"; did you mean 'frames'?\n");
    CHECK(route("udp = \"10.77.0.8:1\"\n") ==
          "3:7: udp: 10.77.0.8 is in no allowed_ips of peer \"p\"\n");
    CHECK(route("udp = \"[fd77::1]:1\"\n") ==
          "3:7: udp: the tunnel has no IPv6 address\n"
          "3:7: udp: fd77::1 is in no allowed_ips of peer \"p\"\n");
    CHECK(route("carrier = \"a\"\nudp = \"10.77.0.7:50011\"\n") ==
          "1:1: the same route as base.toml:24:1: everything would be sent twice\n");
}

TEST_CASE("config/gateway_checks: what is probably not meant is a warning") {
    CHECK(warned("") == "");
    CHECK(warned("[[route]]\nto = \"p\"\nas = \"packets\"\nudp = \"10.77.0.7:7\"\n") == "");
    CHECK(warned("[[route]]\nto = \"p\"\nas = \"iq\"\nudp = \"10.77.0.7:7\"\n") ==
          "1:1: IQ packets of carrier \"a\" have up to 1472 octets, their packets 1500; more than "
          "the 1440 of the tunnel, they go in fragments: port \"mdc\" would need mtu = 1564\n");
    CHECK(warned("[[carrier]]\nname = \"b\"\nmission = \"aqua-db\"\nport = \"rf\"\n"
                 "udp_port = 5000\nstream_id = 1\n[[route]]\nto = \"p\"\nvcid = 1\n"
                 "udp = \"10.77.0.7:7\"\n") ==
          "11:1: stream_id: carrier \"a\" has none, and takes any stream that comes to UDP port "
          "4991 of port \"rf\", which it shares\n");
    CHECK(warned(peer("q", "\"10.8.0.0/16\"", "endpoint = \"203.0.113.7:51820\"\n") +
                 "[[carrier]]\nname = \"b\"\nmission = \"aqua-db\"\nport = \"mdc\"\n"
                 "udp_port = 5000\n[[port]]\nname = \"x\"\ndevice = \"0000:3b:00.0\"\n"
                 "[[route]]\ncarrier = \"a\"\nto = \"p\"\nas = \"frames\"\n"
                 "udp = \"10.77.0.7:7\"\n[tunnel]\nmtu = 900\n") ==
          "24:1: frames of carrier \"a\" have 892 octets, their packets 920; more than the 900 of "
          "the tunnel, they go in fragments: raise mtu of the tunnel\n"
          "1:1: peer \"q\" is in no route\n"
          "5:12: endpoint: is another peer's, too, base.toml:22:12\n"
          "6:1: carrier \"b\" is in no route\n"
          "11:1: port \"x\" is of no carrier and no tunnel\n"
          "14:1: frames of carrier \"a\" have 892 octets, their packets 920; more than the 900 of "
          "the tunnel, they go in fragments: raise mtu of the tunnel\n");
    CHECK(warned("[[port]]\nname = \"small\"\ndevice = \"0000:3b:00.0\"\nmtu = 900\n"
                 "address = \"10.9.0.1/24\"\ngateway = \"10.9.0.2\"\n[tunnel]\nport = \"small\"\n")
              .find("port \"small\" would need mtu = 988\n") != std::string::npos);
}

TEST_CASE("config/gateway_loader: the number of tables and of values is bounded") {
    std::string ports = carrier_only;
    for (std::size_t i = 0; i <= ports_max; ++i)
        ports += fmt::format("[[port]]\nname = \"p{}\"\ndevice = \"net_null{}\"\n", i, i);
    CHECK(errors_of(ports).find("more than 32 [[port]] tables") != std::string::npos);
    std::string numbers;
    for (int i = 0; i < 257; ++i)
        numbers += fmt::format("{}, ", i);
    CHECK(errors_of(carrier_only + "[lcores]\nio = [" + numbers + "]\n")
              .find("io: more than 256 values") != std::string::npos);
}
