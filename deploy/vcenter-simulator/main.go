// A vCenter (or one ESXi host) for tests: the API simulator of govmomi, with faults and a hook that a test asks for.
//
// It prints its address. `POST /control/fault?method=M&skip=N&times=T` (the body is the fault's detail, as XML) lets
// the calls of M after the next N fail T times, or for good without `times`. `GET /control/calls?method=M` says how
// often M was called, or anything without `method`. With -hook URL each call is told there before it is carried out,
// and waits for the answer: a test moves the machine behind a simulated VM.
package main

import (
	"bytes"
	"crypto/tls"
	"flag"
	"fmt"
	"io/ioutil"
	"log"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"

	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator" // tags
)

const envelope = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>by order of a test</faultstring>
<detail>%s</detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`

// The real one counts the versions of a machine's configuration, which govmomi's does not.
const version = `<extraConfig><key>SET.config.changeVersion</key><value xsi:type="xsd:string">%d</value></extraConfig></spec>`

var call = regexp.MustCompile(`<(\w+) xmlns="urn:vim25"><_this [^>]*type="(\w+)"[^>]*>([^<]*)<`)

type order struct {
	detail      string
	skip, times int
}

type door struct {
	sync.Mutex
	next    http.Handler
	orders  map[string]*order
	calls   map[string]int
	changes int
	hook    string
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := ioutil.ReadAll(r.Body)
	r.Body = ioutil.NopCloser(bytes.NewReader(body))
	query := r.URL.Query()
	if r.URL.Path == "/control/fault" {
		skip, _ := strconv.Atoi(query.Get("skip"))
		times, _ := strconv.Atoi(query.Get("times"))
		d.Lock()
		d.orders[query.Get("method")] = &order{string(body), skip, times}
		d.Unlock()
		return
	}
	if r.URL.Path == "/control/calls" {
		d.Lock()
		fmt.Fprint(w, d.calls[query.Get("method")])
		d.Unlock()
		return
	}
	if found := call.FindSubmatch(body); found != nil {
		d.Lock()
		d.calls[string(found[1])]++
		d.calls[""]++
		d.Unlock()
		if string(found[1]) == "ReconfigVM_Task" {
			d.Lock()
			d.changes++
			counted := fmt.Sprintf(version, d.changes)
			d.Unlock()
			body = bytes.Replace(body, []byte("</spec>"), []byte(counted), 1)
			r.Body, r.ContentLength = ioutil.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		if detail, fails := d.fault(string(found[1])); fails {
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, envelope, detail)
			return
		}
		if d.hook != "" {
			form := url.Values{"method": {string(found[1])}, "type": {string(found[2])}, "object": {string(found[3])}}
			if answer, err := http.PostForm(d.hook, form); err == nil {
				answer.Body.Close()
			}
		}
	}
	d.next.ServeHTTP(w, r)
}

func (d *door) fault(method string) (string, bool) {
	d.Lock()
	defer d.Unlock()
	found := d.orders[method]
	if found == nil {
		return "", false
	}
	if found.skip--; found.skip >= 0 {
		return "", false
	}
	if found.times--; found.times == 0 {
		delete(d.orders, method)
	}
	return found.detail, true
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "where to listen")
	esx := flag.Bool("esx", false, "a single ESXi host instead of a vCenter")
	hosts := flag.Int("hosts", 2, "hosts of the cluster")
	machines := flag.Int("machines", 2, "virtual machines")
	certificate := flag.String("certificate", "", "PEM file of the certificate")
	key := flag.String("key", "", "PEM file of its key")
	hook := flag.String("hook", "", "URL that is told of each call")
	flag.Parse()

	model := simulator.VPX()
	if *esx {
		model = simulator.ESX()
	} else {
		model.Host, model.ClusterHost = 0, *hosts
	}
	model.Machine, model.Autostart = *machines, false
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	for _, machine := range simulator.Map.All("VirtualMachine") {
		machine.(*simulator.VirtualMachine).Config.ChangeVersion = "0"
	}
	model.Service.RegisterEndpoints = true
	model.Service.TLS = new(tls.Config)
	if *certificate != "" {
		pair, err := tls.LoadX509KeyPair(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		model.Service.TLS.Certificates = []tls.Certificate{pair}
	}
	model.Service.Listen = &url.URL{Host: *listen, User: url.UserPassword("hcmp@vsphere.local", "simulated")}
	server := model.Service.NewServer()
	server.Config.Handler = &door{next: server.Config.Handler, orders: map[string]*order{}, calls: map[string]int{}, hook: *hook}
	fmt.Println(server.URL.Host)
	select {}
}
