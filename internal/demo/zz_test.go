package demo
import ("testing";"fmt";"encoding/json";"intake/internal/results")
func TestZZ(t *testing.T){ d:=pureDeps(t,thursday); ta:=results.NewTally(d.Survey); for _,a:=range invent(t,d,"w",2000){ta.Add(a)}
for _,q:=range ta.Disclose().Questions { var s string; for _,o:=range q.Options { p:=-1; if o.Percent!=nil{p=*o.Percent}; s+=fmt.Sprintf(" %s=%d",o.Value,p)}; b:=-1; if q.Base!=nil{b=*q.Base}; ps:=-1; if q.Positive!=nil{ps=*q.Positive}; fmt.Println(q.ID,b,ps,s)}
for i:=range 3 { b,_:=json.Marshal(told(t,d,i)); fmt.Println(string(b)) } }
